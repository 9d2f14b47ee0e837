# make demo is the main job in minutes, make test passes the tests.

export CGO_ENABLED = 0
BIN = bin/fairlb
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME = 20s

.PHONY: build demo live test properties race fuzz lint bench peers tables figures bench-peer bench-live onnx-check asm asm-test schema vectors portable arm64 clean

build:
	go build -trimpath -o $(BIN) ./cmd/fairlb

# Train a small Distr-LB, evaluate it beside the heuristics on held-out seeds,
# print the table.
demo: build
	rm -rf runs/demo
	./$(BIN) train train/recipes/demo.yaml --out runs/demo
	./$(BIN) eval ecmp wcmp lsq sed sed-ordered self-tuning oracle runs/demo --scenario sim-moderate/pure-cpu --seeds 1000-1019 --duration 300

# Rules, an agent and HAProxy, where it is installed, on real traffic over loopback,
# beside the simulator: some four minutes, or LIVE_SECONDS for each of them.
LIVE_SECONDS = 40
LIVE_HAPROXY = $(shell PATH=$$PATH:/usr/sbin command -v haproxy >/dev/null && echo ,haproxy-leastconn)
live: build
	mkdir -p runs
	PATH=$$PATH:/usr/sbin ./$(BIN) testbed run --scenario web-moderate/period-1 --seeds 1000 --duration $(LIVE_SECONDS) --compare \
		--targets sed,lsq,self-tuning,agent:self-tuning,results/live/web-moderate.safetensors$(LIVE_HAPROXY) --picture runs/live.png

test: asm-test
	go test -timeout 10m ./...

# The tests that draw cases, which are the same ones in every run of make test, on
# others. What fails says by which -rapid.seed it fails again.
PROPERTY_SEED = 0
properties:
	go test -count 1 $$(go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./... | awk '/[[].*fairlb\/env\/propertytest/ {print $$1}') -rapid.seed $(PROPERTY_SEED)

# The assembly of the network core is generated, by a module of its own.
asm:
	cd agents/nn/asm && go run .

asm-test:
	cd agents/nn/asm && go vet . && go test .

# The JSON schemas of settings files, from the Go structs and their comments.
schema:
	go run ./cmd/schema

# Reference values of PyTorch, from Debian's python3-torch; tests read them
# without it.
vectors:
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS=1 /usr/bin/python3 agents/nn/testdata/torch/vectors.py

# The paths without AVX2: by FAIRLB_BLAS, and on an emulated arm64 processor
# (Debian's qemu-user-static).
portable:
	FAIRLB_BLAS=gonum go test ./agents/nn/... ./sac
arm64:
	GOARCH=arm64 go test -exec qemu-aarch64-static ./agents/nn/...

# What runs in several goroutines.
# The race detector slows what it watches ten times: it gets what starts goroutines or
# processes, and not again what learns or computes for long.
CONCURRENT = ./agents/delay ./agents/es ./agents/guard ./agents/nn/... ./agents/ppo ./sac ./qmix ./train/... \
	./env/parallel ./env/testbed/... ./eval/affinity ./eval/episodes ./eval/fit ./eval/theory/potential ./results/record \
	./cmd/fairlb/internal/...
LONG = 'Hunt|Learns|SoftValues|QueuesAreSplitBest|CentralisedS|TwoStepGame|MatrixGame|WhoseReward|SmallGames|Figure2a|Figure8|Figure12|FitRecovers|NothingIsDoneTwice|Signal|LeastSquares|AverageHelps'
COMMANDS = 'Agent|LB|Interrupt|Signals|Killed|Live|Stopped|Worker|Queue|StudyResumes|TrainAndEvaluate'
race:
	CGO_ENABLED=1 go test -race -short -timeout 20m -skip $(LONG) $(CONCURRENT)
	CGO_ENABLED=1 go test -race -short -timeout 20m -run $(COMMANDS) ./cmd/fairlb

fuzz:
	go test -run '^$$' -fuzz FuzzLoad -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/settings
	go test -run '^$$' -fuzz FuzzLoad -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/scenario
	go test -run '^$$' -fuzz FuzzTrace -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/workload
	go test -run '^$$' -fuzz FuzzImport -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/workload/weblog
	go test -run '^$$' -fuzz FuzzFormat -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/workload/weblog
	go test -run '^$$' -fuzz FuzzState -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/balancer
	go test -run '^$$' -fuzz 'FuzzRegion$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/shm
	go test -run '^$$' -fuzz FuzzRegionV1 -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/shm
	go test -run '^$$' -fuzz FuzzReading -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/remote
	go test -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/plane/report
	go test -run '^$$' -fuzz FuzzBody -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/plane/admin
	go test -run '^$$' -fuzz FuzzLine -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/haproxy
	go test -run '^$$' -fuzz FuzzStatistics -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/haproxy
	go test -run '^$$' -fuzz FuzzStates -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/haproxy
	go test -run '^$$' -fuzz FuzzInfo -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/haproxy
	go test -run '^$$' -fuzz FuzzJournal -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/haproxy
	go test -run '^$$' -fuzz FuzzAddress -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./env/testbed/haproxy
	go test -run '^$$' -fuzz FuzzLoad -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./agents/checkpoint
	go test -run '^$$' -fuzz FuzzRestore -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./replay
	go test -run '^$$' -fuzz FuzzState -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./train
	go test -run '^$$' -fuzz FuzzRead -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./results/record
	go test -run '^$$' -fuzz FuzzScan -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./results/tfevents
	go test -run '^$$' -fuzz FuzzState -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./train/queue
	go test -run '^$$' -fuzz FuzzDelivery -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./train/queue
	go test -run '^$$' -fuzz FuzzUnbundle -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./cmd/fairlb/internal/jobqueue
	go test -run '^$$' -fuzz FuzzPayload -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./cmd/fairlb/internal/jobqueue
	go test -run '^$$' -fuzz FuzzCheck -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./eval
	go test -run '^$$' -fuzz FuzzReadCSV -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./eval/study
	go test -run '^$$' -fuzz FuzzRead -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./eval/eventcost
	go test -run '^$$' -fuzz FuzzRead -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./cmd/fairlb/internal/fixedweights
	go test -run '^$$' -fuzz FuzzDrawRecorded -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./cmd/fairlb/internal/figures

lint:
	go run $(STATICCHECK) ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

# The network core beside PyTorch; wants python3-torch and an idle machine.
bench-peer:
	go run ./agents/nn/peer/bench

# `fairlb lb` beside HAProxy and Envoy: processor time, rate and latency. Wants an
# idle machine of two cores; installs HAProxy (as root) and fetches Envoy.
bench-live:
	go run ./env/testbed/bench

# The simulator beside other simulators on M/M/c; wants an idle machine.
# See env/sim/peers/README.md.
peers:
	env/sim/peers/run.sh -o runs/peers.jsonl

# Exported policies in onnxruntime, beside ours; wants node and npm.
ONNXRUNTIME = onnxruntime-node@1.30.0
onnx-check:
	npm install --prefix runs/onnx --ignore-scripts --no-audit --no-fund $(ONNXRUNTIME)
	FAIRLB_ONNX_CASES=$(CURDIR)/runs/onnx/cases go test -count 1 -run TestWriteCases ./agents/onnx
	NODE_PATH=runs/onnx/node_modules node agents/onnx/testdata/check.js runs/onnx/cases

tables: build
	./$(BIN) tables 11 12 13 14 15 16 --profile smoke

# The committed pictures that are drawn of recorded data, of which the first is at
# the top of README.md.
figures: build
	./$(BIN) study ratios results/studies/moderate.csv results/studies/together.csv results/studies/universal.csv results/studies/team-credit.csv --targets lsq,sed-ordered,self-tuning,tuned,distr-lb,distr-lb-team,centr-lb,qmix-lb,ippo,delay,es,universal --out results/studies/ratios.png
	./$(BIN) figures recorded results/studies/team-credit-learning.csv --out results/studies/team-credit-learning.png
	./$(BIN) figures recorded results/figures/figure-2a.csv --out results/figures/figure-2a.png
	./$(BIN) figures recorded results/theory/figure-2b.csv --out results/theory/figure-2b.png
	./$(BIN) figures recorded results/theory/table-7.csv --out results/theory/table-7.png
	./$(BIN) figures recorded results/figures/figure-9.csv --out results/figures/figure-9.png
	./$(BIN) figures recorded results/figures/figure-9-live.csv --out results/figures/figure-9-live.png
	./$(BIN) figures recorded results/figures/figure-10a.csv --out results/figures/figure-10a.png
	./$(BIN) figures recorded results/figures/figure-10b.csv --out results/figures/figure-10b.png
	./$(BIN) figures recorded results/figures/figure-11.csv --out results/figures/figure-11.png
	./$(BIN) figures recorded results/figures/figure-8.csv --out results/figures/figure-8.png
	./$(BIN) figures recorded results/figures/figure-12a.csv --out results/figures/figure-12a.png
	./$(BIN) figures recorded results/figures/figure-12a-sim-dynamic.csv --out results/figures/figure-12a-sim-dynamic.png
	./$(BIN) figures recorded results/fit/web-mix.csv --out results/fit/web-mix.png
	./$(BIN) figures recorded results/tables/table14.csv --out results/tables/table14-rates.png
	./$(BIN) figures recorded results/tables/table15.csv --out results/tables/table15-rates.png
	./$(BIN) figures recorded results/live/curve-apache-1x.csv --out results/live/curve-apache-1x.png
	./$(BIN) figures recorded results/live/curve-apache-2x.csv --out results/live/curve-apache-2x.png
	./$(BIN) figures recorded results/live/period-1.json --out results/live/period-1.png
	./$(BIN) figures recorded results/live/period-2.json --out results/live/period-2.png
	./$(BIN) figures recorded results/live/large-731.json --out results/live/large-731.png
	./$(BIN) figures recorded results/live/large-1463.json --out results/live/large-1463.png
	./$(BIN) figures recorded results/live/slowed.json --out results/live/slowed.png

clean:
	rm -rf bin
