package main

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/message"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/train"
)

// badInputs are command lines that their user must mend, and all that is said
// about each. They run in a folder that prepareBadInputs fills.
var badInputs = []struct {
	name string
	args string // separated by spaces
	want string // the whole message
}{
	// The command line itself.
	{"command misspelt", "trian x.yaml", `unknown command "trian" for "fairlb" (did you mean "train"? see fairlb --help)`},
	{"subcommand misspelt", "trace inof", `unknown command "inof" for "fairlb trace" (did you mean "info"? see fairlb trace --help)`},
	{"help misspelt", "help tabels", `unknown command "tabels" for "fairlb" (did you mean "tables"? see fairlb --help)`},
	{"method misspelt", "train good.yaml --set method=qmix", `--set: method = "qmix": must be one of distr-lb, rlb-sac, centr-lb, qmix-lb, iql-lb, ippo, mappo, delay, es, universal, universal-carried (did you mean "qmix-lb"?)`},
	{"reward misspelt", "train good.yaml --set reward=onging", `--set: reward = "onging": must be one of vbf, logvbf, vbf+logvbf, pbf, jain, cv, ms, logms, ongoing (did you mean "ongoing"?)`},
	{"scenario misspelt", "scenarios show sim-moderate/pure-cup", `scenario "sim-moderate/pure-cup": neither a file nor a built-in scenario (fairlb scenarios lists them; did you mean "sim-moderate/pure-cpu"?)`},
	{"figure misspelt", "figures 21", `unknown figure "21": those that are made so far are 2a, 4b, 8, 9, 10a, 10b, 11, 12 (did you mean "2a"?)`},
	{"profile misspelt", "tables 11 --profile standart", `--profile: unknown profile "standart": want one of smoke, standard, paper, live-smoke, live (did you mean "standard"?)`},
	{"command", "evaluate", `unknown command "evaluate" for "fairlb" (see fairlb --help)`},
	{"subcommand", "scenarios list", `unknown command "list" for "fairlb scenarios" (see fairlb scenarios --help)`},
	{"help", "help evaluate", `unknown command "evaluate" for "fairlb" (see fairlb --help)`},
	{"flag", "eval --speed", `unknown flag: --speed (see fairlb eval --help)`},
	{"flag without value", "eval sed --scenario", `flag needs an argument: --scenario (see fairlb eval --help)`},
	{"out empty", "train good.yaml --out=", `--out: is empty: give it a value, or leave it out`},
	{"queue empty", "tables 11 --queue=", `--queue: is empty: give it a value, or leave it out`},
	{"token file empty", "worker --queue nats://127.0.0.1:1 --token-file=", `--token-file: is empty: give it a value, or leave it out`},
	{"log format empty", "trace import good.yaml --out t.tsv --format nginx --log-format=", `--log-format: is empty: give it a value, or leave it out`},
	{"train nothing", "train", `accepts 1 arg(s), received 0 (see fairlb train --help)`},
	{"train all faults", "train faults.yaml", `faults.yaml:1:11: scenario = "sim-moderate/pure-cpux": neither a file nor a built-in scenario (fairlb scenarios lists them; did you mean "sim-moderate/pure-cpu"?)
faults.yaml:2:11: episodes = -3: must be in [1, 1000000000]`},
	{"train all faults of the scenario", "train changed.yaml", `changed.yaml:1:16: scenario_set[0] = "lbs=0": must be in [1, 1000]
changed.yaml:1:23: scenario_set[1] = "workload.classes[0].stages[0].law=bar": unknown law "bar" (known: exponential, deterministic, log-normal, hyperexponential, pareto, mixture, trace)
changed.yaml:2:19: episode_duration = 0.3: must be a whole number of step intervals, 1 to 1000000
changed.yaml:3:11: episodes = -3: must be in [1, 1000000000]`},
	{"train two durations in a file", "train twice.yaml", `twice.yaml:1:16: scenario_set[0] = "duration=5": episode_duration = 60 gives the length of training episodes: set that instead, or set it to 0`},
	{"train two durations", "train good.yaml --set scenario.duration=20", `scenario.duration=20: episode_duration = 60 gives the length of training episodes: set that instead, or set it to 0`},
	{"train two files", "train good.yaml good.yaml", `accepts 1 arg(s), received 2 (see fairlb train --help)`},
	{"eval nothing", "eval --scenario for-loop", `requires at least 1 arg(s), only received 0 (see fairlb eval --help)`},
	{"tables nothing", "tables", `requires at least 1 arg(s), only received 0 (see fairlb tables --help)`},
	{"plot nothing", "plot", `requires at least 1 arg(s), only received 0 (see fairlb plot --help)`},
	{"trace nothing", "trace info", `requires at least 1 arg(s), only received 0 (see fairlb trace info --help)`},
	{"queues one seed", "theory queues --seeds 1", `--seeds 1: must be in [2, 100000]`},
	{"inference particles", "theory inference --particles 0", `--particles 0: must be in [1, 100000]`},
	{"inference in a queue that is none", "theory inference --scenario web-moderate/period-1", `--scenario web-moderate/period-1: the scenario does not suit: its servers must work in order of arrival (fifo); its processors must neither share cores nor contend; its load balancers must see what is refused, at once; its requests must be of one class and one stage`},
	{"inference of two stages", "theory inference --scenario sim-moderate/75-25", `--scenario sim-moderate/75-25: the scenario does not suit: its requests must be of one class and one stage`},
	{"inference of another law", "theory inference --set workload.classes[0].stages[0].law=deterministic", `--scenario sim-moderate/pure-cpu: the scenario does not suit: its demands must be exponential, not of law deterministic`},
	{"markov view", "theory markov --view all", `view = "all": must be own, thinned, scaled or whole`},
	{"markov two faults", "theory markov --load 0 --ties 2", "load = 0: must be positive and finite\nties to the fast server = 2: must be in [0, 1]"},
	{"markov long queues", "theory markov --queue 20", "--queue 20: must be in [1, 15], and with --readings=false in [1, 30]"},
	{"markov one run", "theory markov --simulate 1", "--simulate 1: must be 0 or in [2, 10000]"},
	{"markov together", "theory markov --together independent", "--together independent: the second table begins with the exact chain: give --readings=false, too"},
	{"markov simulated ties", "theory markov --queue 2 --ties 1 --readings=false --simulate 2", "--simulate: a model that is not simulated: it needs joint queues that refuse, continuous time and fair ties"},
	{"potential servers", "theory potential --servers 9", "--servers 9: must be in [2, 5]"},
	{"potential tries", "theory potential --tries 0", "--tries 0: must be in [1, 10000000]"},
	{"potential one seed", "theory potential lsq --seeds 1", "--seeds 1: must be at least 2"},
	{"potential loads", "theory potential lsq --loads all", `--loads "all": must be ongoing or estimated`},
	{"potential without weights", "theory potential wcmp", `a policy must be lsq, sed, a run's folder or a checkpoint, not "wcmp"`},
	{"potential against nobody", "theory potential lsq --against p2c", `--against: a policy must be lsq, sed, a run's folder or a checkpoint, not "p2c"`},
	{"nash load", "theory nash --loads 1", "a case that cannot be solved: speeds [4 1] and load 1: must be positive, the load less than 1"},
	{"nash tasks", "theory nash --most 50", "--most 50: must be in [1, 40]"},
	{"nash rounds", "theory nash sed --rounds 1", "--rounds 1: must be in [2, 100000]"},
	{"nash policy", "theory nash wcmp", `a policy must be lsq, sed, a run's folder or a checkpoint, not "wcmp"`},
	{"queues few requests", "theory queues --requests 10", `--requests 10: must be in [1000, 100000000]`},
	{"fit nothing", "fit web-mix --iterations 0", `--iterations 0: must be in [1, 100]`},
	{"fit seeds", "fit web-mix --seeds 0", `--seeds 0: must be in [1, 1000]`},
	{"growth nothing", "growth none.txt", `open none.txt: no such file or directory`},
	{"growth no benchmark", "growth good.yaml", `good.yaml: not the output of go test -bench Growth ./env/sim: there is no line of BenchmarkGrowth`},
	{"growth format", "growth good.yaml --out growth.txt", `--out "growth.txt": must end in .svg, .png or .pdf`},
	{"show nothing", "scenarios show", `accepts 1 arg(s), received 0 (see fairlb scenarios show --help)`},
	{"duration twice", "eval sed --scenario sim-moderate/pure-cpu --duration 10 --set duration=20", `--duration 10, --set duration=20: give one value: leave one of the two out`},
	{"duration twice, affinity", "affinity sed --scenario sim-moderate/pure-cpu --set duration=20 --duration 10", `--duration 10, --set duration=20: give one value: leave one of the two out`},
	{"duration twice, inference", "theory inference --set duration=x --duration 10", `--duration 10, --set duration=x: give one value: leave one of the two out`},
	{"seed twice", "train good.yaml --set seed=9007199254740993 --seed 9007199254740992", `--seed 9007199254740992, --set seed=9007199254740993: give one value: leave one of the two out`},
	{"duration no number", "eval sed --duration long", `invalid argument "long" for "--duration" flag: must be a finite number (see fairlb eval --help)`},
	{"duration too large", "eval sed --duration 1e999", `invalid argument "1e999" for "--duration" flag: must be a finite number (see fairlb eval --help)`},
	{"negative seed", "train good.yaml --seed -1", `invalid argument "-1" for "--seed" flag: must be a whole number from 0 to 2^64-1 (see fairlb train --help)`},

	// eval.
	{"no scenario", "eval sed", `--scenario: must name a built-in scenario (fairlb scenarios lists them) or a file`},
	{"heuristic", "eval sde --scenario for-loop", `target "sde": neither a heuristic (` + heuristics + `), tuned, a run's folder nor a checkpoint (did you mean "sed"?)`},
	{"folder without a run", "eval folder --scenario for-loop", `target "folder": neither a heuristic (` + heuristics + `), tuned, a run's folder nor a checkpoint`},
	{"target twice", "eval sed sed --scenario for-loop", `target "sed" is given twice`},
	{"checkpoint twice", "eval run ./run/policy.safetensors --scenario sim-moderate/pure-cpu", `target "./run/policy.safetensors": the same checkpoint as "run"`},
	{"tuned twice", "eval tuned sed tuned --scenario for-loop", `target "tuned" is given twice`},
	{"tuned before a fault", "eval tuned sde --scenario for-loop", `target "sde": neither a heuristic (` + heuristics + `), tuned, a run's folder nor a checkpoint (did you mean "sed"?)`},
	{"tuned, own duration", "eval tuned --scenario sim-moderate/pure-cpu --set step_interval=7 --duration 14", `target "tuned": the search takes the scenario's own duration: sim-moderate/pure-cpu: duration = 60 (default): must be a whole number of step intervals, 1 to 1000000`},
	{"format", "eval sed --scenario for-loop --format xml", `--format "xml": must be text, json, csv, parquet or marl-eval`},
	{"out", "eval sed --scenario for-loop --out no-such-folder/x.csv", `--out no-such-folder/x.csv: there is no folder no-such-folder`},
	{"seeds backwards", "eval sed --scenario for-loop --seeds 9-3", `--seeds: invalid seeds "9-3": range 9-3 runs backwards`},
	{"seeds word", "eval sed --scenario for-loop --seeds some", `--seeds: invalid seeds "some": "some" is not a whole number from 0 to 2^63-1`},
	{"seed twice", "eval sed --scenario for-loop --seeds 1-3,2", `--seeds: invalid seeds "1-3,2": seed 2 comes twice`},
	{"seeds hole", "eval sed --scenario for-loop --seeds 1,,2", `--seeds: invalid seeds "1,,2": an empty item (want, for example, 1000-1019,7)`},
	{"duration negative", "eval sed --scenario for-loop --duration -1", `--duration: duration = -1: must be positive and finite`},
	{"duration NaN", "eval sed --scenario for-loop --duration NaN", `--duration: duration = NaN: must be a number`},
	{"duration uneven", "eval sed --scenario for-loop --duration 0.3", `--duration: duration = 0.3: must be a whole number of step intervals, 1 to 1000000`},
	{"load beyond bounds", "eval sed --scenario sim-moderate/pure-cpu --set workload.arrivals.load=1e300", `--set: workload.arrivals.load = 1e+300: must be at most 100`},
	{"rate beyond bounds", "eval sed --scenario for-loop --set workload.arrivals.rate=1e12", `--set: workload.arrivals.rate = 1e+12: must be at most 1e7 requests/s`},
	{"duration set", "eval sed --scenario for-loop --set duration=-1", `--set: duration = -1: must be positive and finite`},

	// Scenarios.
	{"scenario", "eval sed --scenario sim-moderate/pure", `scenario "sim-moderate/pure": neither a file nor a built-in scenario (fairlb scenarios lists them; did you mean "sim-moderate/pure-cpu"?)`},
	{"scenario shown", "scenarios show nowhere", `scenario "nowhere": neither a file nor a built-in scenario (fairlb scenarios lists them)`},
	{"scenario file missing", "eval sed --scenario none.yaml", `none.yaml: no such file`},
	{"scenario is a folder", "eval sed --scenario folder", `folder: is a directory`},
	{"scenario field", "eval sed --scenario field.scn", `field.scn:1:1: server: unknown field (did you mean "servers"?)`},
	{"scenario type", "eval sed --scenario type.scn", `type.scn:1:6: lbs = two: must be an integer`},
	{"scenario rate", "eval sed --scenario rate.scn", `rate.scn:4:11: workload.arrivals.rate = -3: must be finite and not negative`},
	{"scenario NaN", "eval sed --scenario nan.scn", `nan.scn:4:11: workload.arrivals.rate = NaN: must be finite and not negative`},
	{"not YAML", "eval sed --scenario broken.scn", `broken.scn:1:6: not valid YAML: mapping value is not allowed in this context`},
	{"set path", "eval sed --scenario for-loop --set workload.rate=3", `--set: workload.rate: unknown field (did you mean "trace"?)`},
	{"set form", "eval sed --scenario for-loop --set workload", `--set: workload: an override must have the form path=value, such as servers[0].cpus=4`},
	{"set index", "eval sed --scenario for-loop --set servers[9].cpus=4", `--set: servers[9]: index out of range: there are 2 elements`},
	{"set type", "eval sed --scenario for-loop --set lbs=two", `--set: lbs = two: must be an integer`},
	{"set rate", "eval sed --scenario for-loop --set workload.arrivals.rate=-5", `--set: workload.arrivals.rate = -5: must be finite and not negative`},
	{"set NaN", "eval sed --scenario for-loop --set workload.arrivals.rate=.nan", `--set: workload.arrivals.rate = NaN: must be finite and not negative`},
	{"set twice", "scenarios show for-loop --set lbs=0 --set timeout=0", "--set: lbs = 0: must be in [1, 1000]\n--set: timeout = 0: must be positive and finite"},

	// Traces.
	{"trace line", "eval sed --scenario for-loop --seeds 1 --set workload.trace=order.tsv", `sed, seed 1: order.tsv:3: value "0.4": a time must not be before the line above it (0.5)`},
	{"trace header", "eval sed --scenario for-loop --seeds 1 --set workload.trace=good.yaml", `sed, seed 1: good.yaml:1: value "seed: 1": line 1 must be the header "time<TAB>query"`},
	{"trace missing", "eval sed --scenario for-loop --seeds 1 --set workload.trace=none.tsv", `sed, seed 1: none.tsv: no such file`},
	{"trace is a folder", "eval sed --scenario for-loop --seeds 1 --set workload.trace=folder", `sed, seed 1: folder: is a folder, not a trace file`},
	{"trace info", "trace info order.tsv", `order.tsv:3: value "0.4": a time must not be before the line above it (0.5)`},
	{"trace info missing", "trace info none.tsv", `none.tsv: no such file`},
	{"info format", "trace info order.tsv --format csv", `--format "csv": must be text or json`},
	{"info class", "trace info order.tsv --class wiki", `--class "wiki": must be NAME=PATTERN, such as wiki=/wiki/*, and the name not all or other`},
	{"info pattern", "trace info order.tsv --class wiki=wiki", `--class: pattern "wiki": must begin with / or *`},
	{"info folder", "trace info folder", `folder: is a folder, not a trace file`},
	{"fit two", "trace fit order.tsv order.tsv", `accepts 1 arg(s), received 2 (see fairlb trace fit --help)`},
	{"fit line", "trace fit order.tsv", `order.tsv:3: value "0.4": a time must not be before the line above it (0.5)`},
	{"fit short", "trace fit short.tsv", `short.tsv: a fit needs at least 100 requests, not all at once`},
	{"fit unit", "trace fit short.tsv --seconds-per-n 0", `--seconds-per-n 0: must be in (0, 1e6]`},
	{"trace of no class", "eval sed --scenario classes.scn --seeds 1", `sed, seed 1: short.tsv:2: value "/x?n=1": a query must match the paths of a class (a last class without paths takes every other)`},
	{"law of no trace", "eval sed --scenario sim-moderate/pure-cpu --set workload.classes[0].stages[0].law=trace --set workload.classes[0].stages[0].trace=none.tsv", `scenario sim-moderate/pure-cpu: class task: none.tsv: no such file`},
	{"out is a device", "eval sed --scenario for-loop --out /dev/null", `--out /dev/null: not a regular file but a device: what is written there would take its place`},
	{"out is a link", "eval sed --scenario for-loop --out link", `--out link: not a regular file but a link: what is written there would take its place`},
	{"out is a fifo", "export run --out fifo.onnx", `--out fifo.onnx: not a regular file but a fifo: what is written there would take its place`},
	{"out is a folder", "plot run --out folder.svg", `--out folder.svg: not a regular file but a folder: what is written there would take its place`},
	{"out is an input", "eval run --scenario rate.scn --out run/policy.safetensors", `--out run/policy.safetensors: is what the command reads`},
	{"out is the scenario", "eval sed --scenario ./rate.scn --out rate.scn", `--out rate.scn: is what the command reads`},
	{"endless settings", "train /dev/zero", `/dev/zero: not a regular file but a device`},
	{"fifo of settings", "train fifo.onnx", `fifo.onnx: not a regular file but a fifo`},
	{"endless checkpoint", "eval /dev/zero --scenario sim-moderate/pure-cpu", `open /dev/zero: not a regular file but a device`},
	{"endless trace", "trace info /dev/zero", `/dev/zero: is not a regular file but a device`},
	{"fifo of a trace", "eval sed --scenario for-loop --seeds 1 --set workload.trace=fifo.onnx", `sed, seed 1: fifo.onnx: is not a regular file but a fifo`},
	{"endless benchmark", "growth /dev/zero", `open /dev/zero: not a regular file but a device`},

	{"import nothing", "trace import --out t.tsv", `requires at least 1 arg(s), only received 0 (see fairlb trace import --help)`},
	{"import nowhere", "trace import access.log", `--out: must name the trace file to write, or be - for the standard output`},
	{"import over itself", "trace import access.log --out ./access.log", `--out ./access.log: is what the command reads`},
	{"import over its log by the other file", "trace import access.log --out t.tsv --servers-out access.log", `--servers-out access.log: is what the command reads`},
	{"import both into one", "trace import access.log --out t.tsv --servers-out ./t.tsv", `--servers-out ./t.tsv: is --out, too`},
	{"import both to the output", "trace import access.log --out - --servers-out -", `--servers-out -: --out is the standard output already`},
	{"import the input twice", "trace import - - --out t.tsv", `-: the standard input can be read only once`},
	{"import from a fifo", "trace import fifo.onnx --out t.tsv", `fifo.onnx: must be a regular file; for a pipe say - and give it as the standard input`},
	{"import from a device", "trace import /dev/zero --out t.tsv", `/dev/zero: must be a regular file; for a pipe say - and give it as the standard input`},
	{"import to a fifo", "trace import access.log --out fifo.onnx", `--out fifo.onnx: not a regular file but a fifo: what is written there would take its place`},
	{"import to a device", "trace import access.log --out /dev/null", `--out /dev/null: not a regular file but a device: what is written there would take its place`},
	{"import to a link", "trace import access.log --out link", `--out link: not a regular file but a link: what is written there would take its place`},
	{"import times", "trace import access.log --out t.tsv --request-time ms", `--request-time "ms": must be none, or FIELD:UNIT, such as 2:ms or rt:s: the number of a field behind the standard ones or its key, and s, ms, us or ns, or value if the unit stands in the log`},
	{"import stamps", "trace import access.log --out t.tsv --stamps middle", `--stamps "middle": must be begin or end`},
	{"import reorder", "trace import access.log --out t.tsv --reorder NaN", `--reorder NaN: must be in (0, 86400] s`},
	{"import format", "trace import access.log --out t.tsv --format nginx --log-format $request", `--log-format: there must be a field for the time`},
	{"import another format", "trace import access.log --out t.tsv --format alb --skip-bad", `access.log:1: value "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /wiki/A?user=bob HTTP/1.1\" 200 2...": no line looks like alb (at byte 44 there must be queue+:s, as the format has it): leave --format out to have it found, or give the server's own format string by --log-format`},
	{"import without a server", "trace import access.log --out t.tsv --format nginx --servers-out s.tsv", `access.log: its format (nginx's $request_time, seconds) names no server: leave --servers-out out`},
	{"import missing", "trace import none.log --out t.tsv", `none.log: no such file`},
	{"import empty", "trace import empty.yaml --out t.tsv", `empty.yaml: there is no request in it`},
	{"import folder", "trace import folder --out t.tsv", `folder: is a folder, not a log`},
	{"import to a folder", "trace import access.log --skip-bad --out folder", `--out folder: not a regular file but a folder: what is written there would take its place`},
	{"training trace", "train loop.yaml --out q --set scenario.workload.trace=order.tsv", `round 0: episode 0: order.tsv:3: value "0.4": a time must not be before the line above it (0.5)`},

	// Checkpoints.
	{"another scenario's", "eval run --scenario web-moderate/period-1", `run/policy.safetensors: scenario web-moderate/period-1: trained for 2 LBs and 8 servers; the scenario has 2 LBs and 7 servers; trained for steps of 0.5 s; the scenario has steps of 0.25 s`},
	{"truncated in the header", "eval half-header.safetensors --scenario sim-moderate/pure-cpu", `half-header.safetensors: truncated: the header takes HEADER bytes, 92 are left in the file`},
	{"truncated at once", "eval empty.safetensors --scenario sim-moderate/pure-cpu", `empty.safetensors: truncated: a checkpoint has at least 8 bytes, the file has 0`},
	{"no checkpoint at all", "eval good.yaml --scenario sim-moderate/pure-cpu", `good.yaml: seems to be a text file that begins with "seed: 1", such as a file of settings: a checkpoint is a safetensors file that fairlb train wrote, such as policy.safetensors in a run's folder`},

	// train.
	{"missing file", "train none.yaml", `none.yaml: no such file`},
	{"file is a folder", "train folder", `folder: is a directory`},
	{"field", "train field.yaml", `field.yaml:2:3: sac.gama: unknown field (did you mean "gamma"?)`},
	{"type", "train type.yaml", `type.yaml:1:11: episodes = many: must be an integer`},
	{"value", "train value.yaml", `value.yaml:1:14: sac.gamma = 1.5: must be in [0, 1)`},
	{"NaN", "train nan.yaml", `nan.yaml:1:13: sac.rate = NaN: must be positive and finite`},
	{"method", "train method.yaml", `method.yaml:1:9: method = "sarsa": must be one of distr-lb, rlb-sac, centr-lb, qmix-lb, iql-lb, ippo, mappo, delay, es, universal, universal-carried`},
	{"reward", "train reward.yaml", `reward.yaml:1:9: reward = "speed": must be one of vbf, logvbf, vbf+logvbf, pbf, jain, cv, ms, logms, ongoing`},
	{"training scenario", "train nowhere.yaml", `nowhere.yaml:1:11: scenario = "nowhere": neither a file nor a built-in scenario (fairlb scenarios lists them)`},
	{"many faults", "train many.yaml", "many.yaml:1:11: episodes = -1: must be in [1, 1000000000]\nmany.yaml:2:1: rewrad: unknown field (did you mean \"reward\"?)\nmany.yaml:4:8: sac.tau = 7: must be in (0, 1]\nmany.yaml:5:10: sac.batch = x: must be an integer"},
	{"train set", "train good.yaml --set sac.gama=1", `--set: sac.gama: unknown field (did you mean "gamma"?)`},
	{"train set form", "train good.yaml --set sac", `--set: sac: an override must have the form path=value, such as servers[0].cpus=4`},
	{"train scenario set", "train good.yaml --set scenario.lb=1", `--set: scenario.lb: unknown field (did you mean "lbs"?)`},
	{"episode duration", "train good.yaml --set episode_duration=0.3", `--set: episode_duration = 0.3: must be a whole number of step intervals, 1 to 1000000`},
	{"box beyond the weights", "train good.yaml --out q --set sac.box=3", `invalid configuration: box = 3: log-weights in [-3, 3] give weights in [0.04979, 20.09]: must lie in the environment's [0.22313016014842982, 4.481689070338065]`},
	{"run exists", "train good.yaml --out run", `run: holds a run already; name another folder with --out, go on with it by --resume, or remove it`},
	{"out is a file", "train good.yaml --out order.tsv", `--out: mkdir order.tsv: not a directory`},

	{"empty file", "train empty.yaml", `empty.yaml: is empty: a hyperparameter file must name at least one setting, such as method: distr-lb`},
	{"empty file, overridden", "train comment.yaml --set method=es", `comment.yaml: is empty: a hyperparameter file must name at least one setting, such as method: distr-lb`},
	{"export format", "export run --format torch", `--format "torch": must be onnx`},

	// tables and plot.
	{"complexity rounds", "theory complexity --rounds 0", "--rounds 0: must be in [1, 1000]"},
	{"complexity time", "theory complexity --least 2s", "--least 2s: must be in [1µs, 1s]"},
	{"complexity folder", "theory complexity --folder none", "--folder none: must be a folder, best in memory"},
	{"complexity record", "theory complexity --recorded none.csv", "open none.csv: no such file or directory"},
	{"table 7", "tables 7", "table 7 is not one of trainings: see fairlb theory complexity --help"},
	{"table", "tables 10", `unknown table 10: want one of [11 12 13 14 15 16]`},
	{"table word", "tables all", `table "all": must be a number, one of [11 12 13 14 15 16]`},
	{"profile", "tables 11 --profile fast", `--profile: unknown profile "fast": want one of smoke, standard, paper, live-smoke, live`},
	{"tables in a file", "tables 11 --out order.tsv", `--out: mkdir order.tsv: not a directory`},
	{"figures nothing", "figures", `requires at least 1 arg(s), only received 0 (see fairlb figures --help)`},
	{"figure", "figures 2a 99", `unknown figure "99": those that are made so far are 2a, 4b, 8, 9, 10a, 10b, 11, 12 (did you mean "9"?)`},
	{"figure twice", "figures 12 12", `figure "12" is given twice`},
	{"figure profile", "figures 2a --profile fast", `--profile: unknown profile "fast": want one of smoke, standard, paper, live-smoke, live`},
	{"figures in a file", "figures 2a --out order.tsv", `--out: mkdir order.tsv: not a directory`},
	{"figure of no run", "figures 12 --run none --out q", `target "none": neither a heuristic (` + heuristics + `), tuned, a run's folder nor a checkpoint`},
	{"figure of the weights", "figures 12 --run tuned --out q", `--run "tuned": must be a run's folder or a checkpoint`},
	{"figure of a heuristic", "figures 12 --run sed --out q", `--run "sed": is shown already`},
	{"figure of another scenario", "figures 12 --run run --out q", `run/policy.safetensors: scenario web-dynamic: trained for 2 LBs and 8 servers; the scenario has 2 LBs and 7 servers; trained for steps of 0.5 s; the scenario has steps of 0.25 s`},
	{"figure of no change", "figures 12 --scenario sim-moderate/50-50 --out q", `--scenario sim-moderate/50-50: no servers change at a given time of its episodes`},
	{"figure of no scenario", "figures 12 --scenario sim-dynamik --out q", `--scenario: scenario "sim-dynamik": neither a file nor a built-in scenario (fairlb scenarios lists them; did you mean "sim-dynamic"?)`},
	{"figure's seeds", "figures 12 --seeds x --out q", `--seeds: invalid seeds "x": "x" is not a whole number from 0 to 2^63-1`},
	{"scenario without its figure", "figures 8 --scenario sim-dynamic", `--scenario and --seeds: go with figure 12, in the simulator`},
	{"run without its figure", "figures 2a --run run", `--run: only figures 4b, 8 and 12 show runs`},
	{"plot file", "plot run --out x.gif", `--out "x.gif": must end in .svg, .png or .pdf`},
	{"plot heuristic", "plot run --compare sde", `--compare: unknown heuristic "sde" (known: ` + heuristics + `) (did you mean "sed"?)`},
	{"plot missing", "plot none", `open none/record.jsonl: no such file or directory`},
	{"plot twice", "plot run ./run", `./run: has the recipe and the seed of run: runs must differ in their seeds`},
	{"plot recipes", "plot run other", `other: is of another recipe (distr-lb ms OTHER) than run (distr-lb vbf RUN): runs must differ in their seeds alone, or be validated on the same seeds of one scenario`},
	{"plot no validation", "plot run --compare sed --out x.csv", `--out x.csv: only curves of validation are written as data (validation_seeds)`},
	{"plot one round", "plot short", `short: curves cannot be drawn: run 1 has 1 rounds, the first 1: want the same number, at least 2`},
	{"plot no record", "plot folder/broken", `folder/broken/record.jsonl:1: malformed record: invalid character 'x' looking for beginning of value`},
}

// heuristics are their names as messages list them.
const heuristics = "ecmp, wcmp, lsq, sed, oracle, p2c, wlr, peak-ewma, prequal, cswrr, least-time, d2, p2c-accrual, self-tuning, universal, carried, universal-carried, class-aware, lsq-ordered, sed-ordered, sed-true, jsq, sed-global"

// prepareBadInputs makes a folder of files with a fault each, and three
// whole runs, and goes there. It returns what stands for the words in capitals of
// the messages, which depend on hashes and lengths.
func prepareBadInputs(t *testing.T) *strings.Replacer {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.MkdirAll(filepath.Join("folder", "broken"), 0o777))
	for name, text := range map[string]string{
		"good.yaml":    "seed: 1",
		"empty.yaml":   "",
		"comment.yaml": "# method: distr-lb\n",
		"loop.yaml":    "scenario: for-loop\nepisodes: 1\n",
		"field.yaml":   "sac:\n  gama: 0.9\n",
		"type.yaml":    "episodes: many\n",
		"value.yaml":   "sac: {gamma: 1.5}\n",
		"nan.yaml":     "sac: {rate: .nan}\n",
		"method.yaml":  "method: sarsa\n",
		"reward.yaml":  "reward: speed\n",
		"nowhere.yaml": "scenario: nowhere\n",
		"faults.yaml":  "scenario: sim-moderate/pure-cpux\nepisodes: -3\n",
		"changed.yaml": "scenario_set: [lbs=0, \"workload.classes[0].stages[0].law=bar\"]\nepisode_duration: 0.3\nepisodes: -3\n",
		"twice.yaml":   "scenario_set: [duration=5]\n",
		"many.yaml":    "episodes: -1\nrewrad: vbf\nsac:\n  tau: 7\n  batch: x\n",
		"field.scn":    "server: []\n" + smallScenario("3"),
		"type.scn":     strings.Replace(smallScenario("3"), "lbs: 2", "lbs: two", 1),
		"rate.scn":     smallScenario("-3"),
		"nan.scn":      smallScenario(".nan"),
		"broken.scn":   "lbs: 2\n  cpu: [\n",
		"order.tsv":    "time\tquery\n0.5\t/x?n=1\n0.4\t/x?n=1\n",
		"access.log":   accessLog,
		"short.tsv":    "time\tquery\n0.5\t/x?n=1\n",
		"classes.scn":  strings.NewReplacer("workload:", "workload:\n  trace: short.tsv", "share: 1,", `share: 1, paths: ["/wiki/*"],`, "  arrivals:\n    rate: 3\n", "").Replace(smallScenario("3")),

		"empty.safetensors":          "",
		"folder/broken/record.jsonl": "x\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	require.NoError(t, os.Symlink("good.yaml", "link"))
	require.NoError(t, syscall.Mkfifo("fifo.onnx", 0o666))
	require.NoError(t, os.Mkdir("folder.svg", 0o777))
	train := func(out string, more ...string) string {
		args := append([]string{"train", "good.yaml", "--out", out}, small...)
		_, _, err := command(t, append(args, more...)...)
		require.NoError(t, err)
		hyper, err := runfolder.Hyperparameters(out)
		require.NoError(t, err)
		made, err := runfolder.Recipe(hyper)
		require.NoError(t, err)
		return made[strings.LastIndex(made, " ")+1:]
	}
	run, other := train("run"), train("other", "--set", "reward=ms", "--seed", "2")
	train("short", "--set", "episodes=2")
	return strings.NewReplacer("HEADER", cutCheckpoint(t), "RUN", run, "OTHER", other)
}

// cutCheckpoint writes the first 100 bytes of the run's checkpoint, and returns
// the length that they give of the header.
func cutCheckpoint(t *testing.T) string {
	t.Helper()
	whole, err := os.ReadFile(filepath.Join("run", train.CheckpointName))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("half-header.safetensors", whole[:100], 0o666))
	return strconv.FormatUint(binary.LittleEndian.Uint64(whole), 10)
}

// accessLog is nginx's, with a bad line.
const accessLog = `192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /wiki/A?user=bob HTTP/1.1" 200 2326 "-" "curl" 0.030
192.0.2.8 - - [10/Oct/2000:13:55:37 -0700] "-" 408 0 "-" "-" 10.000
192.0.2.7 - - [10/Oct/2000:13:55:38 -0700] "GET /a.css HTTP/1.1" 200 99 "-" "curl" 0.001
`

// smallScenario is a scenario file, but for the rate in its fourth line.
func smallScenario(rate string) string {
	return "lbs: 2\nworkload:\n  arrivals:\n    rate: " + rate + `
  classes: [{name: task, share: 1, stages: [{resource: cpu, law: exponential, mean: 1}]}]
servers: [{count: 2, cpus: 4, speed: 1}]
`
}

// TestBadInput: what a user gets wrong is one line (a line a fault) that names
// the place, the value and the rule, exit code 2, and nothing on stdout.
func TestBadInput(t *testing.T) {
	words := prepareBadInputs(t)
	for _, test := range badInputs {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, err := command(t, strings.Fields(test.args)...)
			require.Error(t, err)
			require.Equal(t, words.Replace(test.want), message.Of(err))
			require.Equal(t, exitUsage, exitCode(err))
			require.Empty(t, stdout)
			require.Empty(t, stderr)
		})
	}
}

// TestTruncatedCheckpoint cuts a checkpoint behind its header: a line names the
// file (what follows is package checkpoint's to say).
func TestTruncatedCheckpoint(t *testing.T) {
	dir := trainSmall(t)
	whole, err := os.ReadFile(filepath.Join(dir, train.CheckpointName))
	require.NoError(t, err)
	for _, n := range []int{len(whole) / 2, len(whole) - 1} {
		path := fileOf(t, "cut.safetensors", string(whole[:n]))
		stdout, _, err := command(t, "eval", path, "--scenario", "sim-moderate/pure-cpu")
		require.ErrorIs(t, err, checkpoint.ErrCorrupt)
		require.True(t, strings.HasPrefix(err.Error(), path+": "), "%v", err)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, exitUsage, exitCode(err))
		require.Empty(t, stdout)
	}
}

// TestFailedStartLeavesTheFolder: a run that failed before its first round
// can be made again in the same folder.
func TestFailedStartLeavesTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	args := append([]string{"train", fileOf(t, "small.yaml", "seed: 1\n"), "--out", dir}, small...)
	_, _, err := command(t, append(args, "--set", "sac.box=3")...)
	require.ErrorContains(t, err, "must lie in the environment's")
	_, _, err = command(t, args...)
	require.NoError(t, err)
}

// The variable that chooses the matrix product takes no other value.
func TestUnknownBLASIsRefused(t *testing.T) {
	t.Setenv("FAIRLB_BLAS", "mkl")
	err := run(t.Context(), []string{"scenarios"}, io.Discard, io.Discard)
	require.Equal(t, exitUsage, exitCode(err))
	require.ErrorContains(t, err, `environment variable FAIRLB_BLAS = "mkl": must be "gonum" or empty`)
}
