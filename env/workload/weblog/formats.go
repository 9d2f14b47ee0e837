package weblog

import (
	"fmt"
	"slices"
	"strings"
)

// A lineReader reads the lines of one log in their order.
type lineReader interface {
	// read reads a line into an empty record. skip says that the line is of no
	// request, such as a header.
	read(line []byte, r *record) (skip bool, wrong fault)

	// servers says whether lines name the server that a request was sent to.
	servers() bool
}

// A dialect compiles the format strings of one server.
type dialect func(format string) (*template, error)

// A format is what a log may be in.
type format struct {
	name    string // what --format calls it
	family  string // a name for it and others together; empty if there is none
	what    string // what it is, for people
	pattern string // its format string, if it has one
	named   bool   // it is taken only if it is named

	open func() (lineReader, error) // makes a reader for one log
}

// is says whether a name means the format.
func (f *format) is(name string) bool { return f.name == name || f.family == name }

// The beginnings that many format strings share.
const (
	nginxCommon    = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent`
	nginxCombined  = nginxCommon + ` "$http_referer" "$http_user_agent"`
	nginxMain      = nginxCombined + ` "$http_x_forwarded_for"`
	ingressOld     = `$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] `
	ingressNew     = nginxCombined + ` $request_length $request_time [$proxy_upstream_name] `
	ingressServer  = `$upstream_addr $upstream_response_length $upstream_response_time $upstream_status`
	apacheCommon   = `%h %l %u %t "%r" %>s %b`
	apacheCombined = apacheCommon + ` "%{Referer}i" "%{User-Agent}i"`
	gunicornStart  = `%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"`
	morganCommon   = `:remote-addr - :remote-user [:date[clf]] ":method :url HTTP/:http-version" :status :res[content-length]`
	morganCombined = morganCommon + ` ":referrer" ":user-agent"`
	haproxyHTTP    = `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`
	envoyStart     = `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% `
	envoyEnd       = `%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"`
	istioEnd       = ` %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%`
	albStart       = `<type> <end> <elb> <client> <server> <queue+:s> <service+:s> <part:s> <int> <int> <int> <int> "<request>" "<agent>" <cipher> <protocol>`
)

// formats is the table of formats. Of those that read the same out of a line the
// first one gives its name, so that what is common stands first.
func formats() []format {
	both := func(compile dialect, name, family, what, more string, starts ...string) []format {
		var out []format
		for _, start := range starts {
			out = append(out, lines(compile, name, family, what, start+more))
		}
		return out
	}
	return slices.Concat(
		both(apacheFormat, "vhost", "apache", "Apache's vhost_combined", "", `%v:%p `+apacheCommon, `%v:%p `+apacheCombined),
		both(apacheFormat, "common", "apache", "the common log format", "", apacheCommon),
		both(apacheFormat, "combined", "apache", "the combined log format", "", apacheCombined),
		both(apacheFormat, "combinedio", "apache", "Apache's combinedio: bytes in and out, no request time", ` %I %O`, apacheCombined),
		both(apacheFormat, "apache-us", "apache", "Apache's %D, microseconds", ` %D`, apacheCommon, apacheCombined, apacheCombined+` %I %O`),
		both(apacheFormat, "apache-ms", "apache", "Apache's %{ms}T, milliseconds", ` %{ms}T`, apacheCommon, apacheCombined),
		both(apacheFormat, "apache-s", "apache", "Apache's %T, whole seconds", ` %T`, apacheCommon, apacheCombined),
		both(apacheFormat, "apache-s-us", "apache", "Apache's %T and %D, seconds and microseconds", "", apacheCombined+` %T %D`, apacheCombined+` %D %T`, apacheCombined+` %T/%D`),

		both(nginxFormat, "nginx-combined", "nginx", "nginx's combined", "", nginxCombined, nginxMain),
		both(nginxFormat, "nginx-rt", "nginx", "nginx's $request_time, seconds", ` $request_time`, nginxCommon, nginxCombined, nginxMain),
		both(nginxFormat, "nginx-rt-urt", "nginx", "nginx's $request_time and $upstream_response_time, seconds", ` $request_time $upstream_response_time`, nginxCommon, nginxCombined, nginxMain),
		both(nginxFormat, "nginx-urt-rt", "nginx", "nginx's $upstream_response_time and $request_time, seconds", ` $upstream_response_time $request_time`, nginxCommon, nginxCombined, nginxMain),
		both(nginxFormat, "ingress-nginx", "", "ingress-nginx's upstreaminfo", ingressServer, ingressNew+`[$proxy_alternative_upstream_name] `, ingressNew),
		both(nginxFormat, "ingress-nginx", "", "ingress-nginx's upstreaminfo", ingressServer+` $req_id`, ingressNew+`[$proxy_alternative_upstream_name] `, ingressNew),
		both(nginxFormat, "ingress-nginx", "", "ingress-nginx's old upstreaminfo", ingressServer, ingressOld+`[$proxy_alternative_upstream_name] `, ingressOld),
		both(nginxFormat, "ingress-nginx", "", "ingress-nginx's old upstreaminfo", ingressServer+` $req_id`, ingressOld+`[$proxy_alternative_upstream_name] `, ingressOld),

		both(tomcatFormat(milliseconds), "tomcat9", "tomcat", "%D of Tomcat up to 9, milliseconds", ` %D`, apacheCommon, apacheCombined),
		both(tomcatFormat(microseconds), "tomcat10", "tomcat", "%D of Tomcat from 10 on, microseconds", ` %D`, apacheCommon, apacheCombined),
		both(tomcatFormat(0), "tomcat-s", "tomcat", "Tomcat's %T, seconds", ` %T`, apacheCommon, apacheCombined),
		both(tomcatFormat(0), "tomcat-combined", "tomcat", "Tomcat's common and combined", "", apacheCommon, apacheCombined),
		both(gunicornFormat, "gunicorn", "", "gunicorn's default", "", gunicornStart),
		both(gunicornFormat, "gunicorn-us", "gunicorn", "gunicorn's D, microseconds", ` %(D)s`, gunicornStart),
		both(gunicornFormat, "gunicorn-s", "gunicorn", "gunicorn's L, seconds", ` %(L)s`, gunicornStart),
		both(morganFormat, "morgan-ms", "morgan", "morgan's :response-time, milliseconds", ` :response-time`, morganCommon, morganCombined),
		both(morganFormat, "morgan-ms", "morgan", "morgan's :response-time, milliseconds", ` :response-time ms`, morganCommon, morganCombined),
		both(morganFormat, "morgan-combined", "morgan", "morgan's common and combined", "", morganCommon, morganCombined),

		both(haproxyFormat, "haproxy", "", "HAProxy's httplog", "", haproxyHTTP),
		both(haproxyFormat, "haproxy", "", "HAProxy's httpslog", ` %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`, haproxyHTTP),
		both(haproxyFormat, "haproxy-tcp", "haproxy", "HAProxy's tcplog", "", `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`),
		both(haproxyFormat, "haproxy-clf", "haproxy", "HAProxy's httplog clf", "", `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %hrl`),
		both(envoyFormat, "envoy", "", "Envoy's default", envoyEnd, envoyStart),
		both(envoyFormat, "envoy", "", "Istio's default", envoyEnd+istioEnd, envoyStart+`%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" `, envoyStart+`"%DYNAMIC_METADATA(istio.mixer:status)%" "%UPSTREAM_TRANSPORT_FAILURE_REASON%" `, envoyStart),
		both(plainFormat, "traefik", "", "Traefik's common format", "", `<client> - <user> [<begin:common>] "<request>" <int> <int> "<referer>" "<agent>" <int> "<router>" "<server>" <total>`),
		both(plainFormat, "alb", "", "AWS Application Load Balancer", "", albStart+` <arn> "<trace>" "<domain>" "<cert>" <priority> <begin> "<actions>"<rest>`, albStart+` <arn> "<trace>"`, albStart+` <arn> "<trace>" "<domain>" "<cert>"`, albStart+` <arn> "<trace>" "<domain>" "<cert>" <priority>`),
		both(plainFormat, "elb", "", "AWS Classic Load Balancer", "", `<begin> <elb> <client> <server> <queue+:s> <service+:s> <part:s> <int> <int> <int> <int> "<request>" "<agent>" <cipher> <protocol>`, `<begin> <elb> <client> <server> <queue+:s> <service+:s> <part:s> <int> <int> <int> <int> "<request>"`),
		both(plainFormat, "s3", "", "AWS S3 server access log", "", `<owner> <bucket> [<begin:common>] <client> <requester> <id> <operation> <key> "<request>" <int> <error> <int> <int> <total:ms> <service:ms> "<referer>" "<agent>" <rest>`),
		both(plainFormat, "wikibench", "", "WikiBench's lines: counter, time, URL, flag", "", `<int> <begin:s> <url> <flag>`),
		namedFormats(),
	)
}

// lines is a format of lines that a server's format string describes.
func lines(compile dialect, name, family, what, pattern string) format {
	return format{name: name, family: family, what: what, pattern: pattern, open: func() (lineReader, error) { return compile(pattern) }}
}

// namedFormats are those whose fields have names.
func namedFormats() []format {
	object := func(name, what string, fields ...column) format {
		return format{name: name, what: what, open: func() (lineReader, error) { return &jsonReader{fields}, nil }}
	}
	table := func(name, what string, fields ...column) format {
		return format{name: name, what: what, open: func() (lineReader, error) { return &csvReader{columns: fields}, nil }}
	}
	named := func(f format) format {
		f.named = true
		return f
	}
	tokens := func(name, what, size string, more ...column) format {
		return table(name, what, append([]column{
			must("begin", 0, "TIMESTAMP"), must("param context", 0, "ContextTokens"), must("param generated", 0, "GeneratedTokens"),
			may("param images", 0, "NumImages"), must(size, 0, "GeneratedTokens"),
		}, more...)...)
	}
	return []format{
		object("traefik-json", "Traefik's JSON", must("begin", 0, "StartUTC"), must("total", nanoseconds, "Duration"),
			must("path", 0, "RequestPath"), may("service", nanoseconds, "OriginDuration"), may("server", 0, "ServiceAddr", "ServiceURL.Host", "ServiceURL")),
		object("caddy", "Caddy's JSON", must("end", 0, "ts"), must("total", seconds, "duration"), must("path", 0, "request.uri")),
		object("envoy-json", "Istio's JSON of Envoy", must("begin", 0, "start_time"), must("total", milliseconds, "duration"),
			must("path", 0, "path", "x-envoy-origin-path", "x-envoy-original-path"), may("server", 0, "upstream_host"), may("service", milliseconds, "upstream_service_time", "x-envoy-upstream-service-time")),
		object("nginx-json", "JSON whose fields are called as nginx's variables", must("end", 0, "msec", "time_iso8601", "time_local"), must("total", seconds, "request_time"),
			may("upstream", seconds, "upstream_response_time"), may("upstream-server", 0, "upstream_addr"),
			may("path", 0, "request_uri", "uri"), may("request", 0, "request")),
		{name: "cloudfront", what: "AWS CloudFront's standard log", open: func() (lineReader, error) { return &w3cReader{}, nil }},
		{name: "iis", what: "the W3C extended format of IIS", open: func() (lineReader, error) { return &w3cReader{milliseconds: true, microsoft: true}, nil }},
		named(format{name: "iis", what: "the W3C extended format, time-taken in ms", open: func() (lineReader, error) { return &w3cReader{milliseconds: true}, nil }}),
		tokens("azure-llm", "Azure's LLM inference traces; n is GeneratedTokens", "size"),
		named(tokens("azure-llm-context", "the same; n is ContextTokens", "none", must("size", 0, "ContextTokens"))),
		named(tokens("azure-llm-sum", "the same; n is both together", "size", must("size+", 0, "ContextTokens"))),
		table("alibaba-lora", "Alibaba's LoRA requests (GenTD26)",
			must("begin", 0, "gmt_create"), must("kind", 0, "predict_type"), must("total", seconds, "exec_time_seconds"),
			may("param steps", 0, "num_inference_steps"), may("param images", 0, "num_images_per_prompt"), may("param loras", 0, "num_lora"), may("param prompt", 0, "prompt_length")),
		object("alibaba-bailian", "Alibaba's Qwen requests (Bailian); n is output_length", must("none", 0, "chat_id"), must("begin", seconds, "timestamp"),
			must("param context", 0, "input_length"), must("param generated", 0, "output_length"), must("size", 0, "output_length")),
		named(object("mooncake", "Mooncake's requests, times in ms; n is output_length", must("begin", milliseconds, "timestamp"),
			must("param context", 0, "input_length"), must("param generated", 0, "output_length"), must("size", 0, "output_length"))),
		named(table("alibaba-genai", "Alibaba's latencies (GenTD26): value in ms",
			must("end", 0, "timestamp_anon"), must("total", milliseconds, "value"), may("server", 0, "container_ip"))),
	}
}

// FormatNames lists what --format may say: the names of formats and of families, in
// the table's order.
func FormatNames() []string {
	var names []string
	for _, f := range formats() {
		for _, name := range []string{f.family, f.name} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return append(names, "json", "csv")
}

// FormatHelp is a line for each format: its name and what it is.
func FormatHelp() [][2]string {
	var out [][2]string
	for _, f := range formats() {
		if k := slices.IndexFunc(out, func(line [2]string) bool { return line[0] == f.name }); k < 0 {
			out = append(out, [2]string{f.name, f.what})
		}
	}
	return out
}

// dialectOf is the dialect of the format strings of a server.
func dialectOf(server string) (dialect, error) {
	switch server {
	case "nginx", "ingress-nginx":
		return nginxFormat, nil
	case "apache":
		return apacheFormat, nil
	case "tomcat":
		return tomcatFormat(0), nil
	case "tomcat9":
		return tomcatFormat(milliseconds), nil
	case "tomcat10":
		return tomcatFormat(microseconds), nil
	case "haproxy", "haproxy-clf", "haproxy-tcp":
		return haproxyFormat, nil
	case "envoy":
		return envoyFormat, nil
	case "gunicorn":
		return gunicornFormat, nil
	case "morgan":
		return morganFormat, nil
	}
	return nil, fmt.Errorf("--log-format wants --format %s: whose format string it is", strings.Join(logFormatServers(), ", "))
}

// logFormatServers are the servers whose format strings are read.
func logFormatServers() []string {
	return []string{"nginx", "apache", "tomcat9", "tomcat10", "haproxy", "envoy", "gunicorn or morgan"}
}
