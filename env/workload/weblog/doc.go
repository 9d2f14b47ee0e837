// Package weblog turns logs of requests into trace files, which package
// env/workload replays: the access logs of web servers and load balancers, and
// a few public data sets.
//
// A log is read in a format of the table in formats.go, by the server's own format
// string, or by names of JSON fields or CSV columns. Which format a log is in is
// found from its first lines (recognise.go): a format must fit whole lines, and if
// several fit that read a different time out of them, nothing is imported and the
// caller is told of them all. No number is taken for a time because of how it looks.
//
// To read another format, add its entry to the table. template.go matches lines
// with format strings, which nginx.go, apache.go, haproxy.go, envoy.go and plain.go
// compile; columns.go, json.go and w3c.go read named fields; extras.go reads what
// stands behind the fields of the common log format. import.go puts the requests in
// order and writes them, source.go opens logs.
//
// Logs are streamed. What is kept of a request is its time, its path, the names of
// its parameters, how long it took and, if that is asked for, the server that it
// was sent to. Addresses of clients, users, referrers, agents and, unless they are
// asked for, the values of parameters are left out.
package weblog
