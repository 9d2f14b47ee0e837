package published

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTestbeds: the survey's six works, one with two testbeds, as they are printed, and
// the paper's own two.
func TestTestbeds(t *testing.T) {
	t.Parallel()
	list, err := Testbeds()
	require.NoError(t, err)
	var names []string
	for _, x := range list {
		names = append(names, x.Name)
	}
	require.Equal(t, []string{"6LB", "Ananta", "Beamer, small", "Beamer, large", "Duet", "SilkRoad", "Cheetah", "paper, moderate", "paper, large"}, names)
	require.Equal(t, Testbed{"Cheetah", "2", "24", "1500 to 2500 requests/s", "synthetic", "Table 8"}, list[6])
	require.Equal(t, "28 of 2 CPUs", list[0].Servers)
	require.Equal(t, "14", list[1].Balancers)
	require.Equal(t, "309.84 active connections/s", list[5].Load)
}

func TestTestbedsRefuse(t *testing.T) {
	t.Parallel()
	for data, message := range map[string]string{
		"":                                      `published: x.csv:1: header must be "testbed,load_balancers,servers,load,remark,source"`,
		"a,b\n":                                 `published: x.csv:1: header must be "testbed,load_balancers,servers,load,remark,source"`,
		testbedsHeader + "\na,2\n":              "published: x.csv: record on line 2: wrong number of fields",
		testbedsHeader + "\n,1,1,1,1,s\n":       "published: x.csv:2: must have a testbed's name, which no other has, and a source",
		testbedsHeader + "\na,1,1,1,1,\n":       "published: x.csv:2: must have a testbed's name, which no other has, and a source",
		testbedsHeader + "\na,,,,,s\na,,,,,s\n": "published: x.csv:3: must have a testbed's name, which no other has, and a source",
	} {
		_, err := parseTestbeds("x.csv", []byte(data))
		require.EqualError(t, err, message)
	}
}
