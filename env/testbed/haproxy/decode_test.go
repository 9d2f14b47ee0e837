package haproxy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseLine(t *testing.T) {
	t.Parallel()
	e, found, err := parseLine([]byte("fairlb1 17313 web s1 sH-- 504 119 3 0 2 1 133 -\n"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, ending{pid: 17313, backend: []byte("web"), server: []byte("s1"), cause: 's', phase: 'H', status: 504, others: 3, duration: 0.133, told: notTold}, e, "without us, the ms count")
	for _, line := range []string{
		"fairlb1 ", "fairlb1 1 web s1 -- 200 1 0 0 0 0 1", "fairlb1 1 web s1 -- 200 1 0 0 0 0 1 1 1",
		"fairlb1 1  s1 -- 200 1 0 0 0 0 1 1", "fairlb1 x web s1 -- 200 1 0 0 0 0 1 1", "fairlb1 1 web s1 - 200 1 0 0 0 0 1 1",
		"fairlb2 1 web s1 -- 200 1 0 0 0 0 1 1", "fairlb2 1 web s1 -- 200 1 0 0 0 0 1", "fairlb2 x web s1 -- 200 1 0 0 0 0 1 1 7",
		"fairlb1 1 web s1 -- 200 1 0 0 0 0 1 99999999999999999999", "fairlb1 1 web s1 -- 200 +1 0 0 0 0 1 1",
	} {
		_, found, err := parseLine([]byte(line))
		require.True(t, found)
		require.ErrorIs(t, err, ErrLogLine, line)
	}
}

// TestParseTold: what a server says ends the line; whatever it is, the rest is read.
func TestParseTold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int32{
		"0": 0, "17": 17, "1000000000": 1e9, "-": notTold, "1000000001": notRead, "-1": notRead, "+1": notRead, "1.5": notRead, "many": notRead, "1 2": notRead, "7 -": notRead,
		"99999999999999999999": notRead, "\"7\"": notRead,
	} {
		e, found, err := parseLine([]byte("<134>x: fairlb2 17313 web s1 -- 200 119 3 0 2 1 133 133100 " + text + "\n"))
		require.NoError(t, err, text)
		require.True(t, found)
		require.Equal(t, ending{pid: 17313, backend: []byte("web"), server: []byte("s1"), cause: '-', phase: '-', status: 200, others: 3, duration: 0.1331, told: want}, e, text)
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state  string
		status int
		errors bool
		want   outcome
	}{
		{"--", 200, true, completed}, {"--", 500, true, failed}, {"--", 599, false, completed}, {"--", 0, true, completed},
		{"SC", 503, true, failed}, {"sH", 504, false, failed}, {"SD", 200, true, failed}, {"DC", 0, true, failed},
		{"CD", 200, true, abandoned}, {"cD", 200, true, abandoned}, {"PR", 403, true, abandoned}, {"LR", 200, true, abandoned}, {"KD", 0, true, abandoned},
	} {
		e := ending{cause: test.state[0], phase: test.state[1], status: test.status}
		require.Equal(t, test.want, e.outcome(test.errors), "%v", test)
	}
}

func FuzzLine(f *testing.F) {
	for _, line := range []string{
		"fairlb1 17313 web s1 -- 200 119 0 0 0 0 133 133100", "<134>x: fairlb1 1 t s2 SC 0 0 0 3 1 -1 3017 3372055\n",
		"fairlb2 1 web s1 -- 200 119 0 0 0 0 133 133100 17", "fairlb2 1 web s1 -- 200 119 0 0 0 0 133 133100 - 1\n",
		"fairlb1 1 f <NOSRV> PR 400 0 0 0 -1 -1 0 -", "fairlb1 1 web s2 -- 200 119 0 +1 0 35 120 120031", "Proxy web started.",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, found, err := parseLine(line)
		if err != nil {
			require.True(t, found)
			require.ErrorIs(t, err, ErrLogLine)
			return
		}
		require.True(t, e.duration >= 0 && e.duration <= maxSeconds && e.others >= 0 && e.told >= notRead && e.told <= maxTold)
		e.outcome(true)
	})
}

const (
	sampleStat   = "# pxname,svname,qcur,scur,stot,wredis,act,bck,type,algo,-,\nweb,s1,0,1,2,0,1,0,2,,-,\nweb,BACKEND,0,0,3,0,2,0,1,leastconn,-,"
	sampleStates = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port\n3 web 1 s1 127.0.0.1 2 0 100 100 18081"
	sampleInfo   = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 10998\nUptime_sec: 1\nStart_time_sec: 1795920373"
)

func FuzzStatistics(f *testing.F) {
	f.Add(sampleStat)
	f.Add("# a\n\"\"")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := parseStatistics(text, "web", 8)
		if err != nil {
			require.ErrorIs(t, err, ErrReply)
			return
		}
		require.LessOrEqual(t, len(b.servers), 8)
		for _, s := range b.servers {
			require.True(t, validName(s.name))
		}
	})
}

func FuzzStates(f *testing.F) {
	f.Add(sampleStates)
	f.Add("1\n# ")
	f.Fuzz(func(t *testing.T, text string) {
		states, err := parseStates(text, "web", 8)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.LessOrEqual(t, len(states), 8)
		for _, s := range states {
			require.True(t, validName(s.name) && s.weight >= 0 && s.weight <= maxWeight)
		}
	})
}

func FuzzInfo(f *testing.F) {
	f.Add(sampleInfo)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseInfo(text); err != nil {
			require.ErrorIs(t, err, ErrReply)
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"version":1,"socket":"x","backend":"web","servers":[{"name":"a","first":1,"written":2,"next":3}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := parseJournal(data); err == nil {
			for _, s := range r.Servers {
				require.True(t, s.First >= 0 && s.First <= maxWeight)
			}
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("haproxy:/run/haproxy.sock?backend=web&log=udp:127.0.0.1:5514")
	f.Fuzz(func(t *testing.T, address string) {
		if cfg, err := ParseAddress(address); err == nil {
			require.True(t, validName(cfg.Backend))
		} else {
			require.ErrorIs(t, err, ErrAddress)
		}
	})
}
