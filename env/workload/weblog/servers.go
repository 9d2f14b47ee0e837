package weblog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// visit is what is kept of a request's way to its server. Durations are in us,
// negative if they are not known.
type visit struct {
	server                string // empty: none
	queue, service, total int64
}

// serversHeader names the columns of the file of servers:
//
//	time_s     when the request began, as in the trace
//	server     the server that it was sent to, the last one of several; - if none
//	queue_s    how long it waited in the load balancer before that
//	service_s  how long the server took, up to the first byte of its response where
//	           the log tells it from the last one (HAProxy, ALB, Envoy), and with the
//	           whole response otherwise (nginx)
//	total_s    how long the request took
//	query      as in the trace
//
// What the log does not tell is -, and null in JSON.
const serversHeader = "time_s\tserver\tqueue_s\tservice_s\ttotal_s\tquery\n"

// serversWriter writes which server each request was sent to.
type serversWriter struct {
	out  *bufio.Writer
	json bool
}

func newServersWriter(out io.Writer, asJSON bool) *serversWriter {
	w := &serversWriter{bufio.NewWriterSize(out, 1<<16), asJSON}
	if !asJSON {
		w.out.WriteString(serversHeader)
	}
	return w
}

// write writes one request, which began so many us after the first one.
func (w *serversWriter) write(us int64, query string, v *visit) error {
	if !w.json {
		server := v.server
		if server == "" {
			server = "-"
		}
		_, err := fmt.Fprintf(w.out, "%s\t%s\t%s\t%s\t%s\t%s\n", decimal(us, "-"), plain(server), decimal(v.queue, "-"), decimal(v.service, "-"), decimal(v.total, "-"), query)
		return err
	}
	line := struct {
		Time    json.RawMessage `json:"time_s"`
		Server  *string         `json:"server"`
		Queue   json.RawMessage `json:"queue_s"`
		Service json.RawMessage `json:"service_s"`
		Total   json.RawMessage `json:"total_s"`
		Query   string          `json:"query"`
	}{Time: json.RawMessage(decimal(us, "null")), Queue: json.RawMessage(decimal(v.queue, "null")), Service: json.RawMessage(decimal(v.service, "null")), Total: json.RawMessage(decimal(v.total, "null")), Query: query}
	if v.server != "" {
		line.Server = &v.server
	}
	e := json.NewEncoder(w.out)
	e.SetEscapeHTML(false)
	return e.Encode(line)
}

// decimal is a duration of us in s, or what stands for none.
func decimal(us int64, none string) string {
	if us < 0 {
		return none
	}
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

// plain is a server's name without what would break a line apart.
func plain(name string) string {
	out := []byte(name)
	for k, c := range out {
		if c <= ' ' || c == 0x7f {
			out[k] = '_'
		}
	}
	return string(out)
}
