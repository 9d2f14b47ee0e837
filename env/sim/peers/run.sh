#!/usr/bin/env bash
# Measures fairlb's simulator beside its peers on M/M/c; README.md says how.
# Run it on a machine that does nothing else.
set -euo pipefail

usage() {
	cat <<'TEXT'
usage: run.sh [-r ROUNDS] [-n ARRIVALS] [-p ARRIVALS] [-l LOAD] [-o FILE] [-k]
  -r  rounds (5); each runs every program once for each c
  -n  arrivals of a run of a compiled program (2000000)
  -p  arrivals of a run of a Python program (200000)
  -l  load (0.85)
  -o  also write the programs' lines to FILE, as JSONL
  -k  install no packages
PYTHON names the interpreter to look for SimPy 3 or 4 in (python3).
TEXT
}

rounds=5 compiled=2000000 python=200000 load=0.85 out='' install=yes
while getopts 'r:n:p:l:o:kh' flag; do
	case $flag in
	r) rounds=$OPTARG ;;
	n) compiled=$OPTARG ;;
	p) python=$OPTARG ;;
	l) load=$OPTARG ;;
	o) out=$(realpath -m -- "$OPTARG") ;;
	k) install=no ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
for n in "$rounds" "$compiled" "$python"; do
	if [[ $# -gt 0 || ! $n =~ ^[1-9][0-9]*$ ]]; then
		usage >&2
		exit 2
	fi
done

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
bin=bin/peers
mkdir -p "$bin"

say() { printf 'peers: %s\n' "$*" >&2; }

# need PACKAGE... installs Debian packages that are missing.
need() {
	local missing=() package
	if ! command -v dpkg-query >/dev/null; then
		return 0 # not Debian: what is missing shows in the build
	fi
	for package in "$@"; do
		if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
			missing+=("$package")
		fi
	done
	if [[ ${#missing[@]} -eq 0 ]]; then
		return 0
	fi
	if [[ $install == no || $(id -u) != 0 ]]; then
		say "missing: apt-get install ${missing[*]}"
		return 1
	fi
	say "installing ${missing[*]}"
	local get=(apt-get install -y -qq --no-install-recommends "${missing[@]}")
	if ! "${get[@]}" >"$bin/apt.log" 2>&1 && ! { apt-get update && "${get[@]}"; } >"$bin/apt.log" 2>&1; then
		say "could not install ${missing[*]}: see $bin/apt.log"
		return 1
	fi
}

# compile NAME MODULE LIBRARIES... builds the C++ program in folder NAME.
# Only the version comes from pkg-config: Debian's ns3-core.pc names libraries
# that libns3-dev does not bring.
compile() {
	local name=$1 version
	version=$(pkg-config --modversion "$2") || return 1
	shift 2
	g++ -std=c++17 -O3 -march=native -DNDEBUG -Wall -Wextra -DPEER_VERSION="\"$version\"" \
		"$here/$name/mmc.cc" -o "$bin/$name" "$@"
}

programs=(fairlb)
say "building fairlb"
CGO_ENABLED=0 go build -trimpath -o "$bin/fairlb" ./env/sim/peers/fairlb

if need g++ pkg-config libns3-dev && compile ns3 ns3-core -lns3-core; then
	programs+=(ns3)
else
	say "skipped ns-3: it cannot be had here"
fi
if need g++ pkg-config libsystemc-dev && compile systemc systemc -lsystemc; then
	programs+=(systemc)
else
	say "skipped SystemC: it cannot be had here"
fi
if need python3-simpy && /usr/bin/python3 -c 'import SimPy.Simulation' 2>/dev/null; then
	programs+=(simpy2)
else
	say "skipped SimPy 2 (Debian's python3-simpy): it cannot be had here"
fi
if "${PYTHON:-python3}" -c 'import simpy; simpy.Environment' 2>/dev/null; then
	programs+=(simpy4)
else
	say "skipped SimPy 3 or 4: ${PYTHON:-python3} has no module simpy (set PYTHON to one that has)"
fi

# run PROGRAM C SEED prints the program's line.
run() {
	case $1 in
	simpy2) /usr/bin/python3 -B -O "$here/simpy/mmc2.py" "$2" "$load" "$python" "$3" ;;
	simpy4) "${PYTHON:-python3}" -B -O "$here/simpy/mmc4.py" "$2" "$load" "$python" "$3" ;;
	*) SYSTEMC_DISABLE_COPYRIGHT_MESSAGE=1 "$bin/$1" "$2" "$load" "$compiled" "$3" ;;
	esac
}

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
for ((round = 1; round <= rounds; round++)); do
	say "round $round of $rounds: ${programs[*]}"
	for c in 1 8; do
		for program in "${programs[@]}"; do
			if ! run "$program" "$c" "$round" >>"$lines"; then
				say "$program failed (c = $c, seed $round)"
				exit 1
			fi
		done
	done
done
if [[ -n $out ]]; then
	mkdir -p "$(dirname "$out")"
	cp "$lines" "$out.new"
	mv "$out.new" "$out"
fi

printf 'fairlb at commit %s; %s, %s processors, load average at the end %s\n' \
	"$(git describe --always --dirty 2>/dev/null || echo unknown)" \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
awk -f "$here/table.awk" "$lines"
