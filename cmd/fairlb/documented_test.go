package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// documents are those whose commands are run. In those of results/ each was run
// once, for hours at most: there it is checked that command and flags exist.
var (
	documents        = []string{"README.md", "train/README.md", "eval/README.md", "env/README.md", "env/testbed/README.md"}
	resultsDocuments = "results/*/*.md"
)

// reduced says how a command of the documents is run on small settings: of the
// rules whose beginning a command has, the first one's changes are made to it.
// A command without a rule runs as it stands.
var reduced = []struct {
	begin string
	help  bool     // runs for long, or waits for others: only --help is asked of it, behind its flags
	flags []string // replaced, or added
	set   []string // --set, added
}{
	{begin: "train --resume"},
	{begin: "train --continue", set: []string{"episodes=6"}},
	{begin: "train train/recipes/web-moderate.yaml --env testbed", help: true},
	{begin: "train", set: []string{"episodes=4", "episode_duration=5", "episodes_per_round=2", "updates_per_round=2", "sac.batch=8", "sac.critic_rounds=1"}},
	{begin: "eval sed wlr peak-ewma", flags: []string{"--seeds=1000-1001", "--duration=5", "--scenario=sim-moderate/pure-cpu"}}, // where tuned takes seconds
	{begin: "eval sed self-tuning runs/live", help: true},
	{begin: "eval", flags: []string{"--seeds=1000-1001", "--duration=5"}},
	{begin: "study train/studies/moderate.yaml --out runs/study --queue", help: true},
	{begin: "worker", help: true},
	{begin: "lb env/testbed/lb.yaml --check"},
	{begin: "lb", help: true},
	{begin: "agent", help: true},
	{begin: "tables", flags: []string{"--dry-run"}},
	{begin: "figures", help: true},
	{begin: "theory", help: true},
	{begin: "growth", help: true},
	{begin: "fit", help: true},
	{begin: "testbed run --servers apache", help: true},
	{begin: "testbed curve", help: true},
	{begin: "testbed run", flags: []string{"--seeds=1000", "--duration=0.5"}},
	{begin: "complaints --env testbed", help: true},
	{begin: "complaints", flags: []string{"--seeds=1000"}},
	{begin: "affinity", flags: []string{"--seeds=1000", "--duration=1", "--windows=2"}},
	{begin: "pools", flags: []string{"--pools=23,60"}},
	{begin: "plot", flags: []string{"--compare=lsq"}},
}

// tinyStudy stands for train/studies/moderate.yaml.
const tinyStudy = `name: tiny
training_seeds: 1-2
evaluation_seeds: 1000-1001
duration: 5
heuristics: [lsq, sed]
methods:
  - {name: es, recipe: ../recipes/es.yaml, family: es, set: [episodes=8, episodes_per_round=4, episode_duration=5]}
  - {name: delay, recipe: ../recipes/delay.yaml, family: delay, set: [episodes=8, episodes_per_round=4, episode_duration=5]}
scenarios:
  - {name: pure-cpu, scenario: sim-moderate/pure-cpu}
bars:
  - {scenario: pure-cpu, at_most: 9, of: sed}
`

// logsOf are the logs that commands which hold the key find: a file's name and
// the lines of it, by the number of the request.
var logsOf = []struct {
	key, file string
	line      func(k int) string
}{
	{"--format nginx", "access.log", func(k int) string {
		return combined(k) + fmt.Sprintf(" \"-\" \"curl/8.0\" 0.%03d", 2+k*7%90)
	}},
	{"--format apache", "access.log", func(k int) string { return combined(k) + fmt.Sprintf(" %d", 2000+k*7%90) }},
	{"app.jsonl", "app.jsonl", func(k int) string {
		return fmt.Sprintf(`{"ts": "2025-06-01T10:%02d:%02dZ", "took": %d, "request": {"uri": "/wiki/a"}}`, k/600, k/10%60, 2+k*7%90)
	}},
}

// combined is what a line of the common log format has in front.
func combined(k int) string {
	page := []string{"/wiki/a", "/static/b.css", "/static/c.js"}[k%3]
	return fmt.Sprintf("192.0.2.%d - - [01/Jun/2025:10:%02d:%02d +0000] \"GET %s?x=%d HTTP/1.1\" 200 %d", k%9, k/600, k/10%60, page, k, 900+k)
}

// writeLogs writes the logs that a command finds.
func writeLogs(t *testing.T, command string) {
	t.Helper()
	for _, log := range logsOf {
		if !strings.Contains(command, log.key) {
			continue
		}
		var b strings.Builder
		for k := range 3000 {
			b.WriteString(log.line(k) + "\n")
		}
		require.NoError(t, os.WriteFile(log.file, []byte(b.String()), 0o666))
	}
}

// sandbox is a folder with what the commands of a document find in the
// repository of somebody who has run `make demo`, and makes it the current one.
func sandbox(t *testing.T) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	dir := t.TempDir()
	for _, folder := range []string{"train/recipes", "train/studies", "train/schema", "results/studies", "env/testbed"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(root, folder))))
	}
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("train/studies/moderate.yaml", []byte(tinyStudy), 0o666))
	demo := regexp.MustCompile(`\./\$\(BIN\) (train [^\n]* --out runs/demo)`).FindStringSubmatch(makefile(t, root))
	require.NotNil(t, demo, "make demo trains runs/demo")
	documented(t, "bin/fairlb "+demo[1])
}

func makefile(t *testing.T, root string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	return string(data)
}

// fenced returns the command lines of a document's fenced blocks: those behind a
// $ where there are any in the block, else all of a block that begins with a
// command.
func fenced(text string) []string {
	var lines []string
	for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		if block[1] != "" { // of another language, or for a shell with jobs: other tests have it
			continue
		}
		body := strings.ReplaceAll(block[2], "\\\n", " ")
		prompts := strings.HasPrefix(body, "$ ")
		for line := range strings.Lines(body) {
			line, prompt := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if line != "" && (prompt || !prompts && isCommand(line)) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// isCommand says whether a line begins with a program that the documents use.
func isCommand(line string) bool {
	first := strings.Fields(line)[0]
	return slices.Contains([]string{"make", "go", "echo", "zcat", "fairlb", "bin/fairlb", "../bin/fairlb"}, first) || strings.HasPrefix(first, "FAIRLB_")
}

// words splits a line as a shell does that knows single quotes and comments.
func words(line string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line, -1) {
		if strings.HasPrefix(m, "#") {
			break
		}
		list = append(list, strings.ReplaceAll(m, "'", ""))
	}
	return list
}

// documented runs a command line of a document, as far as it can be run here.
func documented(t *testing.T, line string) {
	t.Helper()
	args := words(line)
	piped := args[0] == "zcat" // of files that are not there: only help is asked of what reads it
	if piped {
		args = args[slices.Index(args, "|")+1:]
	}
	if pipe := slices.Index(args, "|"); pipe >= 0 {
		args = args[:pipe]
	}
	if piped {
		helped(t, line, args[1:])
		return
	}
	writeLogs(t, line)
	redirect, appended := "", false
	for _, to := range []string{">", ">>"} {
		if index := slices.Index(args, to); index >= 0 {
			redirect, appended, args = args[index+1], to == ">>", args[:index]
		}
	}
	for strings.HasPrefix(args[0], "FAIRLB_") {
		args = args[1:]
	}
	out := ""
	switch args[0] {
	case "make":
		for _, target := range args[1:] {
			require.Regexp(t, `(?m)^`+regexp.QuoteMeta(target)+`:`, makefile(t, repository(t)), line)
		}
	case "go":
		goCommand(t, line, args)
	case "echo":
		out = strings.Join(args[1:], " ") + "\n"
	case "fairlb", "bin/fairlb", "../bin/fairlb":
		out = fairlbCommand(t, line, args[1:])
	default:
		t.Fatalf("%s: a test knows no program %s", line, args[0])
	}
	if redirect != "" {
		flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
		if appended {
			flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
		}
		f, err := os.OpenFile(redirect, flags, 0o666)
		require.NoError(t, err)
		_, err = f.WriteString(out)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

// fairlbCommand runs a command of ours, reduced, and returns what it printed.
func fairlbCommand(t *testing.T, line string, args []string) string {
	t.Helper()
	for _, r := range reduced {
		if !strings.HasPrefix(strings.Join(args, " ")+" ", r.begin+" ") {
			continue
		}
		if r.help {
			helped(t, line, args)
			return ""
		}
		for _, flag := range r.flags {
			name, _, _ := strings.Cut(flag, "=")
			if index := slices.Index(args, name); index >= 0 && name != flag {
				args = slices.Delete(slices.Clone(args), index, index+2)
			}
			args = append(slices.Clone(args), flag)
		}
		for _, set := range r.set {
			args = append(slices.Clone(args), "--set", set)
		}
		break
	}
	stdout, stderr, err := command(t, args...)
	require.NoError(t, err, "%s\nran as: fairlb %s\n%s", line, strings.Join(args, " "), stderr)
	return stdout
}

// helped asks for a command's help behind all its arguments: the command, its
// flags and the kinds of their values must exist.
func helped(t *testing.T, line string, args []string) {
	t.Helper()
	stdout, _, err := command(t, append(slices.Clone(args), "--help")...)
	require.NoError(t, err, line)
	if args[0] != "--help" {
		require.Contains(t, stdout, "\n  fairlb "+args[0], "%s: there is no such command", line)
	}
}

// goCommand checks that the packages and the benchmarks or tests of a command of
// the go tool exist.
func goCommand(t *testing.T, line string, args []string) {
	t.Helper()
	pattern := ""
	for k, arg := range args {
		if (arg == "-bench" || arg == "-run") && args[k+1] != "^$" {
			pattern = args[k+1]
		}
		if strings.HasPrefix(arg, "./") {
			require.NotEmpty(t, pattern, line)
			files, err := filepath.Glob(filepath.Join(repository(t), arg, "*_test.go"))
			require.NoError(t, err)
			var names []string
			for _, file := range files {
				data, err := os.ReadFile(file)
				require.NoError(t, err)
				for _, m := range regexp.MustCompile(`(?m)^func (?:Benchmark|Test)(\w+)\(`).FindAllStringSubmatch(string(data), -1) {
					names = append(names, m[1])
				}
			}
			for part := range strings.SplitSeq(strings.ReplaceAll(pattern, `\|`, "|"), "|") {
				require.True(t, slices.ContainsFunc(names, func(name string) bool { return regexp.MustCompile(part).MatchString(name) }),
					"%s: %s has no %s", line, arg, part)
			}
		}
	}
}

// repository is the module's folder, wherever the test has gone.
func repository(t *testing.T) string {
	t.Helper()
	require.NotEmpty(t, repositoryFolder)
	return repositoryFolder
}

var repositoryFolder = func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return ""
	}
	return dir
}()

// TestDocumentedCommands: every command in README.md and the pages of its tasks
// runs, one behind the other as they stand, in a folder that `make demo` has run
// in; what runs for long is reduced by the table above.
func TestDocumentedCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("the race run has tests of each command")
	}
	sandbox(t)
	for _, document := range documents {
		text, err := os.ReadFile(filepath.Join(repository(t), document))
		require.NoError(t, err)
		lines := fenced(string(text))
		require.NotEmpty(t, lines)
		for _, line := range lines { // each page begins anew: what it trains is not there
			if m := regexp.MustCompile(`^bin/fairlb train [^-].*--out (\S+)`).FindStringSubmatch(line); m != nil {
				require.NoError(t, os.RemoveAll(m[1]))
			}
		}
		for _, line := range lines {
			began := time.Now()
			documented(t, line)
			t.Logf("%6.2f s  %s", time.Since(began).Seconds(), line)
		}
	}
}

// TestMentionedCommands: the commands that documents name within a sentence, and
// those of results that were made once, exist with their flags; and so does every
// flag that is named alone.
func TestMentionedCommands(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository(t), resultsDocuments))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, document := range documents {
		files = append(files, filepath.Join(repository(t), document))
	}
	known := flagsOfAll(t)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var lines []string
		if strings.Contains(file, "/results/") {
			lines = fenced(string(data))
		}
		prose := regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(string(data), "")
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(prose, -1) {
			span := strings.Join(strings.Fields(m[1]), " ")
			if regexp.MustCompile(`^(bin/)?fairlb [a-z]`).MatchString(span) {
				lines = append(lines, span)
			}
			if flag := regexp.MustCompile(`^--[a-z-]+`).FindString(span); flag != "" {
				require.Contains(t, known, flag, "%s: %s", file, span)
			}
		}
		for _, line := range lines {
			switch args := words(line); args[0] {
			case "fairlb", "bin/fairlb", "../bin/fairlb":
				if end := slices.IndexFunc(args, func(arg string) bool { return arg == ">" || arg == ">>" || arg == "|" }); end >= 0 {
					args = args[:end]
				}
				for k, arg := range args { // of a shell's loop
					args[k] = strings.NewReplacer("$seed", "1", "$reward", "ongoing").Replace(arg)
				}
				helped(t, filepath.Base(filepath.Dir(file))+": "+line, args[1:])
			}
		}
	}
}

// flagsOfAll lists the flags of all commands.
func flagsOfAll(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, path := range commandPaths(t) {
		help, _, err := command(t, append(path, "--help")...)
		require.NoError(t, err)
		list = append(list, regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(help, -1)...)
	}
	return list
}

// commandPaths lists all commands by their words, of which the program's own has
// none.
func commandPaths(t *testing.T) [][]string {
	t.Helper()
	list := [][]string{{}}
	for k := 0; k < len(list); k++ {
		help, _, err := command(t, append(slices.Clone(list[k]), "--help")...)
		require.NoError(t, err)
		_, below, _ := strings.Cut(help, "Available Commands:\n")
		below, _, _ = strings.Cut(below, "\n\n")
		for line := range strings.Lines(below) {
			if name := strings.Fields(line)[0]; name != "help" {
				list = append(list, append(slices.Clone(list[k]), name))
			}
		}
	}
	return list
}

// TestWords: lines are split as a shell would, and commands told from what they
// print.
func TestWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a", "b c", "d=e f"}, words("a 'b c'   d='e f'  # g 'h"))
	require.Equal(t, []string{"make demo     # x", "go test", "b   c", "d"}, fenced("```\nmake demo     # x\ngo test\n```\n```\nnot one\n```\n```\n$ b \\\n c\nout\n$ d\n```\n```yaml\nmake: no\n```\n"))
}
