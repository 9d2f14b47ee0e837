package weblog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"unicode/utf8"

	"fairlb/env/file"
	"fairlb/env/workload"
)

// Stdin is the path that means the standard input.
const Stdin = "-"

// maxValue is how much (bytes) of a bad value an error shows.
const maxValue = 80

// clip is a text of at most that many bytes, for people.
func clip(text []byte, limit int) string {
	out := strings.ToValidUTF8(string(text[:min(len(text), limit)]), "?")
	if len(text) > limit {
		out += "..."
	}
	return out
}

// clipMiddle is a text of about that many bytes, its beginning and its end.
func clipMiddle(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit/4], "") + "..." + strings.ToValidUTF8(text[len(text)-3*limit/4:], "")
}

// openLog opens a log: a regular file, or the standard input.
func (im *importer) openLog(ctx context.Context, path string) (io.ReadCloser, error) {
	if path == Stdin {
		if im.opts.Stdin == nil {
			return nil, &workload.TraceError{Place: path, Rule: "there is no standard input"}
		}
		return untilDone(ctx, im.opts.Stdin), nil
	}
	f, err := file.Open(path)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &workload.TraceError{Place: path, Rule: "no such file"}
	case errors.Is(err, syscall.EISDIR):
		return nil, &workload.TraceError{Place: path, Rule: "is a folder, not a log"}
	case errors.Is(err, file.ErrNotRegular):
		return nil, &workload.TraceError{Place: path, Rule: "must be a regular file; for a pipe say - and give it as the standard input"}
	}
	return nil, err
}

// untilDone reads a pipe that nobody may write to any more: it stops when ctx is
// done. What reads the pipe goes on until the pipe or the process ends, because
// nothing can wake it.
func untilDone(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	return out
}

// logLines reads a log line by line.
type logLines struct {
	path   string
	in     *bufio.Reader
	packed bool
	number int // of the line read last
}

// newLogLines begins to read a log, which is unpacked if it begins as gzip does.
func newLogLines(path string, r io.Reader) (*logLines, error) {
	in := bufio.NewReaderSize(r, sampleBytes)
	l := &logLines{path: path, in: in}
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		packed, err := gzip.NewReader(in)
		if err != nil {
			return nil, &workload.TraceError{Place: path, Rule: "damaged gzip file: " + err.Error()}
		}
		l.in, l.packed = bufio.NewReaderSize(packed, sampleBytes), true
	}
	if mark, _ := l.in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		l.in.Discard(3)
	}
	return l, nil
}

// sample returns the first lines that are not blank, without reading them.
func (l *logLines) sample() ([]sampleLine, error) {
	ahead, err := l.in.Peek(sampleBytes)
	if err != nil && err != io.EOF && (len(ahead) == 0 || errors.Is(err, context.Canceled)) {
		return nil, l.fault(err)
	}
	if len(ahead) > 262 && string(ahead[257:262]) == "ustar" {
		return nil, &workload.TraceError{Place: l.path, Rule: "is a tar archive: unpack it, and name the log in it"}
	}
	if bytes.IndexByte(ahead, 0) >= 0 {
		return nil, &workload.TraceError{Place: l.path, Rule: "is not text: it has bytes of value 0"}
	}
	whole := err != nil // the end of the log is in it
	var out []sampleLine
	for number := 1; len(out) < sampleLines && len(ahead) > 0; number++ {
		line, rest, found := bytes.Cut(ahead, []byte{'\n'})
		if !found && !whole {
			break
		}
		ahead = rest
		if line = trimLine(line); !isBlank(line) && len(line) <= maxLine {
			out = append(out, sampleLine{number, bytes.Clone(line)})
		}
	}
	if len(out) == 0 && len(ahead) > 0 {
		return nil, &workload.TraceError{Place: l.path + ":1", Value: clip(ahead, maxValue), Rule: tooLong}
	}
	return out, nil
}

// tooLong is the rule of lines that are too long.
var tooLong = fmt.Sprintf("a line must not be longer than %d bytes", maxLine)

// trimLine returns a line without what a logger put around it.
func trimLine(line []byte) []byte {
	return withoutHeader(bytes.TrimRight(line, "\r\n"))
}

// isBlank says whether a line has nothing in it.
func isBlank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// next returns the next line that is not blank, or what is wrong with it, or io.EOF.
// The line is valid until the next one is read.
func (l *logLines) next() (text []byte, wrong fault, err error) {
	for {
		l.number++
		text, err = l.in.ReadSlice('\n')
		if err == bufio.ErrBufferFull || len(text) > maxLine {
			wrong = fault{bytes.Clone(text[:maxValue+1]), tooLong, false}
			skipped := len(text)
			for err == bufio.ErrBufferFull {
				text, err = l.in.ReadSlice('\n')
				if skipped += len(text); skipped > maxSkipped {
					return nil, fault{}, &workload.TraceError{Place: fmt.Sprintf("%s:%d", l.path, l.number), Value: clip(wrong.value, maxValue), Rule: "a line that goes on for 64 MB is no log's"}
				}
			}
			if err == nil || err == io.EOF {
				return nil, wrong, nil
			}
		}
		if err == io.EOF && len(text) == 0 {
			return nil, fault{}, io.EOF
		}
		if err != nil && err != io.EOF {
			return nil, fault{}, l.fault(err)
		}
		if text = trimLine(text); !isBlank(text) {
			return text, fault{}, nil
		}
	}
}

// maxSkipped is how long (bytes) a bad line may be.
const maxSkipped = 64 << 20

// fault is the error of a log that cannot be read on.
func (l *logLines) fault(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case l.packed:
		return &workload.TraceError{Place: l.path, Rule: "damaged gzip file: " + err.Error()}
	case errors.Is(err, syscall.EISDIR):
		return &workload.TraceError{Place: l.path, Rule: "is a folder, not a log"}
	}
	return fmt.Errorf("%s: %w", l.path, err)
}

// withoutHeader returns a line without the header that syslog or a container's
// runtime put before it:
//
//	Feb  6 12:14:14 localhost haproxy[14389]: LINE
//	<134>1 2009-02-06T12:14:14Z localhost haproxy 14389 - - LINE
//	2009-02-06T12:14:14.655Z stdout F LINE
func withoutHeader(line []byte) []byte {
	rest := line
	if len(rest) > 0 && rest[0] == '<' {
		if end := bytes.IndexByte(rest[:min(len(rest), 6)], '>'); end > 1 && isDigits(rest[1:end]) {
			rest = rest[end+1:]
		}
	}
	numbered := bytes.HasPrefix(rest, []byte("1 "))
	if numbered && len(rest) < len(line) {
		rest = rest[2:]
	}
	words := 0 // of the time
	switch {
	case len(rest) > 16 && rest[3] == ' ' && rest[6] == ' ' && rest[9] == ':' && rest[12] == ':' && rest[15] == ' ':
		rest, words = rest[16:], 1
	case len(rest) > 20 && rest[4] == '-' && rest[7] == '-' && rest[10] == 'T' && rest[13] == ':':
		_, rest = word(rest)
		rest, words = bytes.TrimLeft(rest, " "), 1
	}
	if words == 0 {
		return line
	}
	first, behind := word(rest)
	second, behind := word(behind)
	switch {
	case (string(first) == "stdout" || string(first) == "stderr") && (string(second) == "F" || string(second) == "P"):
		return bytes.TrimPrefix(behind, []byte{' '})
	case bytes.HasSuffix(second, []byte{':'}):
		return bytes.TrimLeft(behind, " ")
	case bytes.HasSuffix(first, []byte{':'}) && utf8.Valid(first): // without a host
		_, behind = word(rest)
		return bytes.TrimLeft(behind, " ")
	case numbered:
		_, behind = word(behind)
		_, behind = word(behind)
		if data, left := word(behind); string(data) == "-" {
			return bytes.TrimLeft(left, " ")
		}
	}
	return line
}
