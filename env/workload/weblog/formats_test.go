package weblog

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clf is the beginning of a line in the common log format, which nginx and Apache
// share, and agent what the combined format adds.
const (
	clf    = `203.0.113.9 - alice [11/Mar/2024:09:00:01 +0100] "GET /cart?id=7 HTTP/1.1" 200 512`
	agent  = ` "https://example.com/?q=secret" "Mozilla/5.0 (X11; rv:1.2) Gecko"`
	second = "2024-03-11T08:00:01Z" // the time of clf
)

// read is a line as it must be read. An empty time means the fields that a line
// does not give.
type read struct {
	format                string
	begin                 string // RFC 3339
	coarse                bool   // to the second
	total, queue, service string
	server, query         string
}

// TestFormats: real default lines of each format, written after its documentation.
func TestFormats(t *testing.T) {
	t.Parallel()
	const cart = "/cart?id="
	for name, test := range map[string]struct {
		text string
		opts Options
		want read
	}{
		"common":         {clf, Options{}, read{"common", second, true, "", "", "", "", cart}},
		"no size":        {strings.Replace(clf, " 512", " -", 1), Options{}, read{"common", second, true, "", "", "", "", cart}},
		"combined":       {clf + agent, Options{}, read{"combined", second, true, "", "", "", "", cart}},
		"vhost":          {"example.com:443 " + clf + agent, Options{}, read{"vhost", second, true, "", "", "", "", cart}},
		"nginx main":     {clf + agent + ` "198.51.100.7"`, Options{}, read{"nginx-combined", second, true, "", "", "", "", cart}},
		"unknown text":   {clf + agent + ` cache-hit "x"`, Options{}, read{"common or combined", second, true, "", "", "", "", cart}},
		"combinedio":     {clf + agent + " 187 911", Options{}, read{"combinedio", second, true, "", "", "", "", cart}},
		"%D by name":     {clf + agent + " 1500", Options{Format: "apache-us"}, read{"apache-us", second, true, "1.5ms", "", "", "", cart + "&n=1500"}},
		"%{ms}T by name": {clf + agent + " 1500", Options{Format: "apache-ms"}, read{"apache-ms", second, true, "1.5s", "", "", "", cart + "&n=1500000"}},
		"%T by name":     {clf + agent + " 3", Options{Format: "apache-s"}, read{"apache-s", second, true, "3s", "", "", "", cart + "&n=3000000"}},
		"%T %D":          {clf + agent + " 3 3000017", Options{Format: "apache-s-us"}, read{"apache-s-us", second, true, "3.000017s", "", "", "", cart + "&n=3000017"}},
		"%D %T":          {clf + agent + " 3000017 3", Options{Format: "apache-s-us"}, read{"apache-s-us", second, true, "3.000017s", "", "", "", cart + "&n=3000017"}},
		"%I %O %D":       {clf + agent + " 187 911 1500", Options{Format: "apache-us"}, read{"apache-us", second, true, "1.5ms", "", "", "", cart + "&n=1500"}},
		"tomcat 9":       {clf + " 18", Options{Format: "tomcat9"}, read{"tomcat9", "2024-03-11T08:00:00.982Z", true, "18ms", "", "", "", cart + "&n=18000"}},
		"tomcat 10":      {clf + " 18", Options{Format: "tomcat10"}, read{"tomcat10", "2024-03-11T08:00:00.999982Z", true, "18us", "", "", "", cart + "&n=18"}},
		"tomcat %T":      {clf + " 0.018", Options{Format: "tomcat"}, read{"tomcat-s", "2024-03-11T08:00:00.982Z", true, "18ms", "", "", "", cart + "&n=18000"}},
		"nginx rt":       {clf + agent + " 0.250", Options{Format: "nginx"}, read{"nginx-rt", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", cart + "&n=250000"}},
		"nginx lists":    {clf + agent + " 0.250 0.010, 0.020 : 0.200", Options{}, read{"nginx-rt-urt", "2024-03-11T08:00:00.75Z", true, "250ms", "", "200ms", "", cart + "&n=250000"}},
		"nginx list first": {clf + agent + " 0.010, - 0.250", Options{}, read{"nginx-urt-rt", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "",
			cart + "&n=250000"}},
		"nginx no upstream": {clf + agent + " - 0.250", Options{}, read{"nginx-urt-rt", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", cart + "&n=250000"}},
		"morgan":            {clf + agent + " 12.345 ms", Options{Format: "morgan"}, read{"morgan-ms", "2024-03-11T08:00:00.987655Z", true, "12.345ms", "", "", "", cart + "&n=12345"}},
		"gunicorn":          {clf + agent + " 0.012345", Options{Format: "gunicorn-s"}, read{"gunicorn-s", "2024-03-11T08:00:00.987655Z", true, "12.345ms", "", "", "", cart + "&n=12345"}},
		"own unit":          {clf + agent + " 18ms", Options{}, read{"common or combined", second, true, "18ms", "", "", "", cart + "&n=18000"}},
		"Go's unit":         {clf + agent + " 1m3.5s", Options{}, read{"common or combined", second, true, "63.5s", "", "", "", cart + "&n=63500000"}},
		"key":               {clf + agent + ` rt=0.250 uct="0.001" urt="0.200"`, Options{}, read{"common or combined", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", cart + "&n=250000"}},
		"a field":           {clf + agent + ` "-" "0.250" 17`, Options{RequestTime: "2:s", Stamps: "end"}, read{"common or combined", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", cart + "&n=250000"}},
		"a key":             {clf + ` took=17`, Options{RequestTime: "took:ms", Stamps: "begin"}, read{"common or combined", second, true, "17ms", "", "", "", cart + "&n=17000"}},
		"none":              {clf + agent + " 17", Options{RequestTime: "none"}, read{"apache-us", second, true, "", "", "", "", cart}},

		"ingress": {clf + agent + " 187 0.250 [shop-web-80] [] 10.1.0.4:8080 512 0.240 200 8f00", Options{},
			read{"ingress-nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "240ms", "10.1.0.4:8080", cart + "&n=250000"}},
		"ingress, retried": {clf + agent + " 187 0.250 [shop-web-80] [] 10.1.0.4:8080, 10.1.0.5:8080 0, 512 0.010, 0.230 502, 200 8f00", Options{},
			read{"ingress-nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "230ms", "10.1.0.5:8080", cart + "&n=250000"}},
		"ingress, no upstream": {clf + agent + " 187 0.000 [shop-web-80] [] - - - - 8f00", Options{},
			read{"ingress-nginx", second, true, "0s", "", "", "", cart + "&n=0"}},
		"ingress without an alternative": {clf + agent + " 187 0.250 [shop-web-80] 10.1.0.4:8080 512 0.240 200", Options{},
			read{"ingress-nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "240ms", "10.1.0.4:8080", cart + "&n=250000"}},
		"ingress, old": {strings.Replace(clf, "- alice", "- [203.0.113.9] - alice", 1) + agent + " 187 0.250 [shop-web-80] 10.1.0.4:8080 512 0.240 200 8f00", Options{},
			read{"ingress-nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "240ms", "10.1.0.4:8080", cart + "&n=250000"}},

		"haproxy": {`Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in~ static/srv1 10/5/30/69/114 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"`, Options{},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "114ms", "5ms", "99ms", "static/srv1", "/index.html?n=114000"}},
		"haproxy without captures": {`10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"`, Options{},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "109ms", "0s", "99ms", "static/srv1", "/index.html?n=109000"}},
		"haproxy without a server": {`10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in http-in/<NOSRV> 10/-1/-1/-1/+11 503 212 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"`, Options{},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "11ms", "", "", "", "/?n=11000"}},
		"haproxy over IPv6": {`2001:db8::7:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"`, Options{},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "109ms", "0s", "99ms", "static/srv1", "/index.html?n=109000"}},
		"haproxy https": {`<134>1 2009-02-06T12:14:15Z lb haproxy 14389 - - 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] https~ static/srv1 10/5/30/69/114 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1" 0/0/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384`, Options{},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "114ms", "5ms", "99ms", "static/srv1", "/?n=114000"}},
		"haproxy tcp": {`10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 3/10/5007 212 -- 0/0/0/0/3 0/0`, Options{},
			read{"haproxy-tcp", "2009-02-06T12:12:51.443Z", false, "5.007s", "3ms", "", "bck/srv1", "/?n=5007000"}},
		"haproxy clf": {`10.0.1.2 - - [06/Feb/2009:12:14:14 +0000] "GET /a HTTP/1.1" 200 1234 "" "" 51022 123 "fe" "be" "srv1" 0 7 1 5 13 "----" 1 1 0 0 0 0 0 "" "" "" ""`, Options{},
			read{"haproxy-clf", "2009-02-06T12:14:14.123Z", false, "13ms", "7ms", "6ms", "be/srv1", "/a?n=13000"}},

		"envoy": {`[2016-04-15T20:17:00.310Z] "POST /api/v1/locations?x=1 HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.2.1:80"`, Options{},
			read{"envoy", "2016-04-15T20:17:00.31Z", false, "226ms", "", "100ms", "tcp://10.0.2.1:80", "/api/v1/locations?x=&n=226000"}},
		"istio": {`[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 3 "-" "curl/7.73.0-DEV" "84961386" "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin default`, Options{},
			read{"envoy", "2020-11-25T21:26:18.409Z", false, "4ms", "", "3ms", "127.0.0.1:80", "/status/418?n=4000"}},
		"traefik": {clf + agent + ` 1204 "web@docker" "http://172.18.0.3:80" 18ms`, Options{},
			read{"traefik", second, true, "18ms", "", "", "http://172.18.0.3:80", cart + "&n=18000"}},
		"traefik, no server": {strings.Replace(clf, "200 512", "404 19", 1) + ` "-" "-" 7 "-" "-" 0ms`, Options{},
			read{"traefik", second, true, "0s", "", "", "", cart + "&n=0"}},
		"traefik json": {`{"Duration":1803450,"OriginDuration":1700000,"RequestMethod":"GET","RequestPath":"/a?b=c","ServiceAddr":"172.18.0.3:80","ServiceURL":{"Scheme":"http"},"StartUTC":"2024-03-11T08:00:01.123456789Z","level":"info"}`, Options{},
			read{"traefik-json", "2024-03-11T08:00:01.123456Z", false, "1.803ms", "", "1.7ms", "172.18.0.3:80", "/a?b=&n=1803"}},
		"caddy": {`{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"method":"GET","uri":"/a?b=c"},"duration":0.000929675,"size":10900,"status":200}`, Options{},
			read{"caddy", "2022-03-09T21:30:01.523172Z", false, "930us", "", "", "", "/a?b=&n=930"}},
		"envoy json": {`{"start_time":"2020-11-25T21:26:18.409Z","duration":4,"path":"/status/418","upstream_host":"127.0.0.1:80","upstream_service_time":"3","response_code":418}`, Options{},
			read{"envoy-json", "2020-11-25T21:26:18.409Z", false, "4ms", "", "3ms", "127.0.0.1:80", "/status/418?n=4000"}},
		"nginx json": {`{"time_iso8601":"2024-03-11T09:00:01+01:00","request_uri":"/a?b=c","request_time":"0.250","upstream_addr":"10.0.0.1:80, 10.0.0.2:80","upstream_response_time":"0.010, 0.230"}`, Options{},
			read{"nginx-json", "2024-03-11T08:00:00.75Z", true, "250ms", "", "230ms", "10.0.0.2:80", "/a?b=&n=250000"}},
		"own json": {`{"@timestamp":"2024-03-11T08:00:01.5Z","http":{"url":"/a?b=c","took":"18ms"},"backend":"b1"}`,
			Options{Fields: []string{"end=@timestamp", "total=http.took", "path=http.url", "server=backend"}},
			read{"json", "2024-03-11T08:00:01.482Z", false, "18ms", "", "", "b1", "/a?b=&n=18000"}},
		"own csv": {"when;ms;url\n1710144001500;18;/a", Options{Fields: []string{"begin=when", "total=ms:ms", "path=url"}},
			read{"csv", "2024-03-11T08:00:01.5Z", false, "18ms", "", "", "", "/a?n=18000"}},

		"own table with empty cells": {"when\turl\tref\tus\tx\n2024-03-11T08:00:01.5Z\t/a\t\t18\t", Options{Format: "csv", Fields: []string{"end=when", "total=us:us", "path=url"}},
			read{"csv", "2024-03-11T08:00:01.499982Z", false, "18us", "", "", "", "/a?n=18"}},

		"alb": {`h2 2018-07-02T22:23:00.186641Z app/my-lb/50dc 10.0.1.252:48160 10.0.0.66:9000 0.001 0.002 0.003 200 200 5 257 "GET https://10.0.2.105:773/a?b=c HTTP/2.0" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "Root=1-58" "-" "-" 1 2018-07-02T22:22:48.364000Z "redirect" "https://example.com:80/" "-" "10.0.0.66:9000" "200" "-" "-" TID_123`, Options{},
			read{"alb", "2018-07-02T22:22:48.364Z", false, "6ms", "1ms", "2ms", "10.0.0.66:9000", "/a?b=&n=6000"}},
		"alb, no target": {`http 2018-11-30T22:23:00.186641Z app/my-lb/50dc 10.0.1.252:48160 - -1 -1 -1 502 - 34 366 "GET http://h:80/ HTTP/1.1" "curl" - - arn:aws:x "Root=1-58" "-" "-" 0 2018-11-30T22:22:48.364000Z "forward" "-" "LambdaUnhandled" "-" "-" "-" "-"`, Options{},
			read{"alb", "2018-11-30T22:22:48.364Z", false, "", "", "", "", "/"}},
		"alb of 2017": {`http 2016-08-10T22:08:42.945958Z app/my-lb/50dc 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58337262"`, Options{},
			read{"alb", "2016-08-10T22:08:42.944958Z", false, "1ms", "0s", "1ms", "10.0.0.1:80", "/?n=1000"}},
		"elb": {`2015-05-13T23:39:43.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -`, Options{},
			read{"elb", "2015-05-13T23:39:43.945958Z", false, "1.178ms", "73us", "1.048ms", "10.0.0.1:80", "/?n=1178"}},
		"s3": {`79a59df9 awsexamplebucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df9 3E57427F REST.GET.VERSIONING - "GET /awsexamplebucket1?versioning HTTP/1.1" 200 - 113 - 7 3 "-" "S3Console/0.4" - s9lzHYrF SigV4 ECDHE AuthHeader example.com TLSV1.1 - -`, Options{},
			read{"s3", "2019-02-06T00:00:38Z", true, "7ms", "", "3ms", "", "/awsexamplebucket1?n=7000"}},
		"cloudfront": {"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs-uri-query time-taken\n2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111.cloudfront.net\t/index.html\t200\ta=b\t0.500", Options{},
			read{"cloudfront", "2019-12-04T21:02:30.5Z", true, "500ms", "", "", "", "/index.html?a=&n=500000"}},
		"iis": {"#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query sc-status time-taken\n2024-03-11 08:00:01 10.0.0.1 GET /a - 200 250", Options{},
			read{"iis", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", "/a?n=250000"}},

		"wikibench": {"929840853 1190146243.326 http://en.wikipedia.org/wiki/Main_Page?action=raw -", Options{},
			read{"wikibench", "2007-09-18T20:10:43.326Z", false, "", "", "", "", "/wiki/Main_Page?action="}},
		"azure": {"TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r", Options{},
			read{"azure-llm", "2023-11-16T18:17:03.97996Z", false, "", "", "", "", "/?context=4808&generated=10&n=10"}},
		"azure 2024": {"TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5", Options{},
			read{"azure-llm", "2024-05-10T00:00:00.00993Z", false, "", "", "", "", "/?context=2162&generated=5&n=5"}},
		"azure 2025": {"TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2024-10-01 00:00:00.5,2,100,20", Options{Format: "azure-llm-sum"},
			read{"azure-llm-sum", "2024-10-01T00:00:00.5Z", false, "", "", "", "", "/?context=100&generated=20&images=2&n=120"}},
		"azure context": {"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10", Options{Format: "azure-llm-context"},
			read{"azure-llm-context", "2023-11-16T18:17:03.97996Z", false, "", "", "", "", "/?context=4808&generated=10&n=4808"}},
		"alibaba": {"gmt_create,predict_type,predict_status,exec_time_seconds,groupId,prompt_length,negative_prompt_length,num_images_per_prompt,num_inference_steps,checkpoint_model_version_id,num_lora\n2024-11-15 16:57:50,TXT_2_IMG,SUCCEED,32.0,G0000,63.0,,1.0,30.0,M0000,0", Options{},
			read{"alibaba-lora", "2024-11-15T16:57:50Z", true, "32s", "", "", "", "/TXT_2_IMG?steps=30&images=1&loras=0&prompt=63&n=32000000"}},
		"bailian": {`{"chat_id": 159, "parent_chat_id": -1, "timestamp": 61.114, "input_length": 521, "output_length": 132, "type": "text", "turn": 1, "hash_ids": [1, 2]}`, Options{},
			read{"alibaba-bailian", "1970-01-01T00:01:01.114Z", false, "", "", "", "", "/?context=521&generated=132&n=132"}},
		"mooncake": {`{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46]}`, Options{Format: "mooncake"},
			read{"mooncake", "1970-01-01T00:00:27.482Z", false, "", "", "", "", "/?context=6955&generated=52&n=52"}},
		"alibaba latencies": {"timestamp_anon,value,container_ip\n1662858720.0,19106.0,63beb1b8", Options{Format: "alibaba-genai"},
			read{"alibaba-genai", "2022-09-11T01:11:40.894Z", false, "19.106s", "", "", "63beb1b8", "/?n=19106000"}},

		"a log_format": {`9.9.9.9|1710144001.250|0.250|GET /a?b=c HTTP/1.1|10.0.0.1:80, unix:/x|0.010, 0.200`,
			Options{Format: "nginx", LogFormat: "log_format timed '$remote_addr|$msec|$request_time|'\n  '$request|$upstream_addr|$upstream_response_time';"},
			read{"nginx", "2024-03-11T08:00:01Z", false, "250ms", "", "200ms", "unix:/x", "/a?b=&n=250000"}},
		"a log_format without quotes": {`11/Mar/2024:09:00:01 +0100 GET /a HTTP/1.1 200 0.250`, Options{Format: "nginx", LogFormat: `$time_local $request $status $request_time`},
			read{"nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", "/a?n=250000"}},
		"a log_format of JSON": {`{"t":"2024-03-11T08:00:01+00:00","u":"/a?b=c","rt":0.250}`, Options{Format: "nginx", LogFormat: `{"t":"$time_iso8601","u":"$uri$is_args$args","rt":$request_time}`},
			read{"nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "", "", "/a?b=&n=250000"}},
		"only upstream": {`[11/Mar/2024:09:00:01 +0100] h.example/a 0.010, 0.240`, Options{Format: "nginx", LogFormat: `[$time_local] $host$request_uri $upstream_response_time`},
			read{"nginx", "2024-03-11T08:00:00.75Z", true, "250ms", "", "240ms", "", "/a?n=250000"}},
		"a LogFormat": {`1.2.3.4 [11/Mar/2024:09:00:01.250 +0100] "GET /a HTTP/1.1" 200 1500 balancer://b1`,
			Options{Format: "apache", LogFormat: `LogFormat "%h [%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] \"%r\" %>s %D %{BALANCER_WORKER_NAME}e" timed`},
			read{"apache", "2024-03-11T08:00:01.25Z", false, "1.5ms", "", "", "balancer://b1", "/a?n=1500"}},
		"a LogFormat of the end": {`1710144001.250 GET /a ?b=c 1500`, Options{Format: "apache", LogFormat: `%{end:sec}t.%{end:msec_frac}t %m %U %q %{us}T`},
			read{"apache", "2024-03-11T08:00:01.2485Z", false, "1.5ms", "", "", "", "/a?b=&n=1500"}},
		"a log-format": {`[06/Feb/2009:12:14:14.655] GET /a ?b=c srv1 5 7 20`, Options{Format: "haproxy", LogFormat: `log-format "[%tr] %HM %HP %HQ %s %Tw %Tr %Ta"`},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "20ms", "5ms", "7ms", "srv1", "/a?b=&n=20000"}},
		"the active time before the whole": {`[06/Feb/2009:12:14:14.655] GET /a 90 20`, Options{Format: "haproxy", LogFormat: `[%tr] %HM %HP %Tt %Ta`},
			read{"haproxy", "2009-02-06T12:14:14.655Z", false, "20ms", "", "", "", "/a?n=20000"}},
		"envoy's own": {`2024/03/11T08:00:01+0000 250 /a 200 18 10.0.0.1:80`, Options{Format: "envoy", LogFormat: `%START_TIME(%Y/%m/%dT%H:%M:%S%z %3f)% %REQ(:PATH)% %RESPONSE_CODE% %DURATION% %UPSTREAM_HOST%\n`},
			read{"envoy", "2024-03-11T08:00:01.25Z", false, "18ms", "", "", "10.0.0.1:80", "/a?n=18000"}},
		"tomcat's own": {`1.2.3.4 [11/Mar/2024:09:00:01 +0100] "GET /a HTTP/1.1" 200 18`, Options{Format: "tomcat9", LogFormat: `%h %t "%r" %s %D`},
			read{"tomcat9", "2024-03-11T08:00:00.982Z", true, "18ms", "", "", "", "/a?n=18000"}},
		"gunicorn's own": {`[11/Mar/2024:09:00:01 +0100] "GET /a HTTP/1.1" 18`, Options{Format: "gunicorn", LogFormat: `%(t)s "%(r)s" %(M)s`},
			read{"gunicorn", "2024-03-11T08:00:00.982Z", true, "18ms", "", "", "", "/a?n=18000"}},
		"morgan's own": {`Mon, 11 Mar 2024 08:00:01 GMT GET /a 200 12.345 ms - 99`, Options{Format: "morgan", LogFormat: `:date[web] :method :url :status :response-time ms - :res[content-length]`},
			read{"morgan", "2024-03-11T08:00:00.987655Z", true, "12.345ms", "", "", "", "/a?n=12345"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found Found
			test.opts.Show = func(f Found) { found = f }
			_, queries, s, err := imported(t, test.text+"\n", test.opts)
			require.NoError(t, err)
			require.Equal(t, []string{test.want.query}, queries)
			require.Equal(t, 1, s.Requests)
			require.Equal(t, test.want.format, s.Files[0].Format)
			require.Len(t, found.Readings, 1)
			got := found.Readings[0]
			begin, err := time.Parse(time.RFC3339Nano, test.want.begin)
			require.NoError(t, err)
			require.Equal(t, begin, time.UnixMicro(got.Begin).UTC())
			require.Equal(t, test.want.coarse, !got.Fine)
			require.Equal(t, microsecondsOf(t, test.want.total), got.Total, "total")
			require.Equal(t, microsecondsOf(t, test.want.queue), got.Queue, "queue")
			require.Equal(t, microsecondsOf(t, test.want.service), got.Service, "service")
			require.Equal(t, test.want.server, got.Server)
			require.Equal(t, test.want.query, got.Query)
			for _, private := range []string{"203.0", "alice", "example.com", "secret", "Mozilla"} {
				require.NotContains(t, queries[0], private)
			}
		})
	}
}

// microsecondsOf reads a duration; an empty one is unknown.
func microsecondsOf(t *testing.T, text string) int64 {
	t.Helper()
	if text == "" {
		return unknown
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d.Microseconds()
}

// TestTable: the format strings of the table compile, and names are what they seem.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, f := range formats() {
		_, err := f.open()
		require.NoError(t, err, "%s: %s", f.name, f.pattern)
		require.NotEmpty(t, f.what)
		require.Contains(t, FormatNames(), f.name)
	}
}

// TestAmbiguous: where a line can be read in several ways, none is taken, and each
// is named with the flag that chooses it.
func TestAmbiguous(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want map[string]string // flags to the request time as read
	}{
		"a whole number": {clf + agent + " 12345", map[string]string{
			"--format apache-us": "12.345ms", "--format apache-ms": "12.345s", "--format apache-s": "12345s",
			"--format tomcat9": "12.345s", "--format tomcat10": "12.345ms", "--format tomcat-s": "12345s", "--request-time none": ""}},
		"three decimals": {clf + agent + " 12.345", map[string]string{
			"--format nginx-rt": "12.345s", "--format morgan-ms": "12.345ms", "--request-time none": ""}},
		"two of three decimals": {clf + agent + " 0.250 0.252", map[string]string{
			"--format nginx-rt-urt": "250ms", "--format nginx-urt-rt": "252ms", "--request-time none": ""}},
		"bytes or times": {clf + agent + " 0 187", map[string]string{
			"--format combinedio": "", "--format apache-s-us": "187us"}},
		"quoted": {clf + agent + ` "-" "0.250" "0.001"`, map[string]string{
			"--request-time 2:s --stamps end": "250ms", "--request-time 2:ms --stamps end": "250us",
			"--request-time 3:s --stamps end": "1ms", "--request-time 3:ms --stamps end": "1us", "--request-time none": ""}},
		"length, time, list": {clf + ` 223 0.250 0.010, 0.020 "-" "-"`, map[string]string{
			"--request-time 1:s --stamps begin": "223s", "--request-time 1:ms --stamps end": "223ms", "--request-time 1:us --stamps begin": "223us",
			"--request-time 2:s --stamps end": "250ms", "--request-time 2:ms --stamps end": "250us",
			"--request-time 3:s --stamps end": "30ms", "--request-time none": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, _, err := imported(t, "\n"+test.text+"\n", Options{SkipBad: true})
			var several *AmbiguousError
			require.ErrorAs(t, err, &several)
			require.Equal(t, 2, several.Line)
			got := map[string]string{}
			for _, c := range several.Candidates {
				got[c.Flags] = ""
				if c.Reading.Timed {
					got[c.Flags] = (time.Duration(c.Reading.Total) * time.Microsecond).String()
				}
				require.Contains(t, err.Error(), c.Flags)
			}
			want := map[string]string{}
			for flags, total := range test.want {
				if want[flags] = ""; total != "" {
					want[flags] = (time.Duration(microsecondsOf(t, total)) * time.Microsecond).String()
				}
			}
			require.Equal(t, want, got)
		})
	}
	// Where no line is whole it is the lines that are wrong, not the way to read them.
	days := strings.NewReplacer("11/Mar/2024", "32/Mar/2024")
	for _, opts := range []Options{{}, {SkipBad: true}} {
		_, _, _, err := imported(t, days.Replace(strings.Repeat(clf+agent+" 0.250\n", 3)), opts)
		require.ErrorContains(t, err, `:1: value "32/Mar/2024:09:00:01 +0100": a time must be like`)
	}
	// What is shown is of a line that has no fault.
	_, _, _, err := imported(t, days.Replace(clf+agent+" 0.250\n")+clf+agent+" 0.500\n", Options{})
	var several *AmbiguousError
	require.ErrorAs(t, err, &several)
	require.Equal(t, 2, several.Line)
	for _, c := range several.Candidates {
		require.Equal(t, 2024, time.UnixMicro(c.Reading.Begin).UTC().Year(), c.Flags)
	}
	// Zeros are the same time in every unit, but the lines behind them are not.
	_, _, _, err = imported(t, strings.Repeat(clf+" 0\n", 5), Options{})
	require.ErrorAs(t, err, new(*AmbiguousError))
}

// TestReadingKey: two formats read the same if they take the same text for the
// request time, in the same unit, and the same time for the same end of the request.
func TestReadingKey(t *testing.T) {
	t.Parallel()
	line := []byte("1710144001 250 250")
	base := record{stamp: 5, total: 250, totalText: line[11:14], totalUnit: milliseconds}
	for name, change := range map[string]func(*record){
		"field": func(r *record) { r.totalText = line[15:] }, "unit": func(r *record) { r.totalUnit = seconds },
		"stamp": func(r *record) { r.stamp = 6 }, "end": func(r *record) { r.end = true }, "none": func(r *record) { r.totalText = nil },
	} {
		other := base
		require.Equal(t, readingKey(line, &base), readingKey(line, &other))
		change(&other)
		require.NotEqual(t, readingKey(line, &base), readingKey(line, &other), name)
	}
}

// TestLateNumber: what looked like no request time at first is not passed over when
// it looks like one.
func TestLateNumber(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(clf+" -\n", sampleLines)
	_, queries, _, err := imported(t, text, Options{})
	require.NoError(t, err)
	require.Len(t, queries, sampleLines)
	_, _, _, err = imported(t, text+clf+" 0.250\n", Options{})
	require.ErrorContains(t, err, `a.log:1001: value "0.250": no field behind the standard ones may look like a request time`)
}

// TestMarkedNumbers: numbers that are not understood are not passed over.
func TestMarkedNumbers(t *testing.T) {
	t.Parallel()
	_, _, _, err := imported(t, clf+agent+" **3/3000123**\n", Options{})
	require.ErrorContains(t, err, "no line is in a format that is known")
	_, queries, _, err := imported(t, clf+agent+" **3/3000123**\n", Options{RequestTime: "none"})
	require.NoError(t, err)
	require.Equal(t, []string{"/cart?id="}, queries)
	_, queries, _, err = imported(t, clf+agent+" **3/3000123**\n", Options{Format: "apache", LogFormat: apacheCombined + " **%T/%D**"})
	require.NoError(t, err)
	require.Equal(t, []string{"/cart?id=&n=3000123"}, queries)
	_, _, _, err = imported(t, clf+agent+" 203.0.113.7 cache-hit\n", Options{})
	require.NoError(t, err, "an address is no time")
}

// TestSecondLog: a rotated log is read as the one before it, even if its own lines
// leave that open.
func TestSecondLog(t *testing.T) {
	t.Parallel()
	im := newImporter(discard{}, Options{})
	require.NoError(t, im.log(t.Context(), "a.log", strings.NewReader(clf+" - 0.252\n")))
	require.NoError(t, im.log(t.Context(), "b.log", strings.NewReader(clf+" 0.250 0.252\n")))
	require.NoError(t, im.finish())
	require.Equal(t, "nginx-urt-rt", im.summary.Files[1].Format)
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestOptions: what flags say must make sense before a log is opened.
func TestOptions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		opts Options
		want string
	}{
		{Options{Format: "ngnix"}, `--format "ngnix": is no format: fairlb trace import --help lists them`},
		{Options{LogFormat: "$request"}, "--log-format wants --format nginx, apache, "},
		{Options{Format: "nginx", LogFormat: "$request"}, "--log-format: there must be a field for the time"},
		{Options{Format: "nginx", LogFormat: "$time_local$request"}, "--log-format: there must be text between $time_local and $request"},
		{Options{Format: "apache", LogFormat: "%t %Y"}, "--log-format: %Y: fairlb knows no such field of this server"},
		{Options{Format: "apache", LogFormat: "%{%G}t"}, "--log-format: %G: fairlb knows no such part of a time"},
		{Options{Format: "apache", LogFormat: "%t %{min}T"}, "--log-format: %{min}T: the unit must be s, ms or us"},
		{Options{Format: "tomcat", LogFormat: "%t %D"}, "--log-format: %D is in ms up to Tomcat 9 and in us from Tomcat 10 on: say --format tomcat9 or --format tomcat10"},
		{Options{Format: "haproxy", LogFormat: "%tr %XX"}, "--log-format: %XX: fairlb knows no such field of HAProxy"},
		{Options{Format: "json"}, "--format json wants --field ROLE=NAME"},
		{Options{Fields: []string{"time=x"}}, `--field "time=x": must be ROLE=NAME or ROLE=NAME:UNIT, and ROLE one of begin, end, `},
		{Options{Fields: []string{"total=x:min"}}, `--field "total=x:min": the unit must be s, ms, us or ns`},
		{Options{Fields: []string{"total=x:s"}}, "--field: one must say begin=NAME or end=NAME"},
		{Options{Fields: []string{"begin=x", "begin=y"}}, `--field "begin=y": another --field has said begin or end already`},
		{Options{Fields: []string{"begin=x", "end=y"}}, `--field "end=y": another --field has said begin or end already`},
		{Options{Fields: []string{"end=x", "total=a:s", "total=b:s"}}, `--field "total=b:s": another --field has said total already`},
		{Options{Fields: []string{"begin=x"}, Format: "nginx"}, "--field is for --format json or csv, not nginx"},
		{Options{RequestTime: "seconds"}, `--request-time "seconds": must be none, or FIELD:UNIT`},
		{Options{RequestTime: "0:s"}, `--request-time "0:s": the number of a field must be from 1 to 1000`},
		{Options{RequestTime: "1:s"}, "--request-time wants --stamps begin"},
		{Options{RequestTime: "1:s", Format: "nginx"}, "--request-time FIELD:UNIT counts the fields behind the common log format"},
		{Options{Format: "nginx", LogFormat: "$time_local", Servers: discard{}}, "--servers-out: the format names no server"},
	} {
		_, err := Import(t.Context(), []string{"none"}, discard{}, test.opts)
		require.ErrorAs(t, err, new(*OptionError))
		require.Contains(t, err.Error(), test.want)
	}
}
