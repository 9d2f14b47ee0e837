# Reads the lines that run.sh collected, checks every mean completion time
# against Erlang C, and prints the table. Exits with 1 where a check fails.
#
# The k-th lines of all programs for one c and load belong to round k. The
# tolerance is 4 standard errors of the mean of n jobs,
#
#   SE^2 = (r (2 + 5 r - 4 r^2 + r^3) / (1 - r)^4 / c^2 + 1) / n,
#
# which is, for load r and a mean service time of 1 s, the asymptotic variance
# of the mean waiting time in M/M/1 (Daley, 1968), taken for a server of speed
# c, plus that of the service times.

# field returns the value of a key of the line, without quotes.
function field(key,    m) {
	if (!match($0, "\"" key "\": *(\"[^\"]*\"|[^,}]*)")) {
		fault("no " key " in the line: " $0)
		return ""
	}
	m = substr($0, RSTART, RLENGTH)
	sub("^\"" key "\": *", "", m)
	gsub("\"", "", m)
	return m
}

function fault(text) {
	print "FAULT: " text
	faults++
}

# theory returns the mean completion time of M/M/c at load r: 1 + C / (c - c r)
# with Erlang's C from the recursion of his B.
function theory(c, r,    a, b, k) {
	a = c * r
	b = 1
	for (k = 1; k <= c; k++) b = a * b / (k + a * b)
	return 1 + b / (1 - r * (1 - b)) / (c - a)
}

function se(c, r, n) {
	return sqrt((r * (2 + 5 * r - 4 * r ^ 2 + r ^ 3) / (1 - r) ^ 4 / c ^ 2 + 1) / n)
}

# check reports a mean of n jobs that is not what theory says.
function check(what, c, r, n, mean,    want, margin) {
	want = theory(c, r)
	margin = 4 * se(c, r, n)
	if (!(mean >= want - margin && mean <= want + margin))
		fault(sprintf("%s, c = %d, load %g: mean completion %.4f s, theory %.4f +- %.4f", what, c, r, mean, want, margin))
}

# median returns the median of the values of v[key, 1..n]; low and high get
# their range.
function median(v, key, n,    i, j, s, x) {
	for (i = 1; i <= n; i++) {
		x = v[key, i]
		for (j = i - 1; j >= 1 && s[j] > x; j--) s[j + 1] = s[j]
		s[j + 1] = x
	}
	low = s[1]
	high = s[n]
	return n % 2 ? s[(n + 1) / 2] : (s[n / 2] + s[n / 2 + 1]) / 2
}

{
	peer = field("peer"); c = field("c") + 0; r = field("load") + 0; n = field("arrivals") + 0
	mean = field("mean_completion") + 0
	queue = c SUBSEP r
	key = peer SUBSEP queue
	if (!(key in rounds)) {
		if (!(queue in seen)) { seen[queue]; queues[++nqueues] = queue }
		rows[queue, ++nrows[queue]] = peer
		version[peer] = field("version")
	}
	k = ++rounds[key]
	if (field("events") + 0 != 2 * n) fault(peer ": events are not arrivals and completions: " $0)
	if (jobs[key] && jobs[key] != n) fault(peer ": rounds of different length: " $0)
	jobs[key] = n
	speed[key, k] = field("events_per_second") + 0
	if (speed[key, k] <= 0) fault(peer ": no speed: " $0)
	sum[key] += mean
	check(peer " in round " k, c, r, n, mean)
}

END {
	if (NR == 0) fault("no lines")
	for (q = 1; q <= nqueues; q++) {
		queue = queues[q]
		split(queue, part, SUBSEP)
		c = part[1]; r = part[2]
		printf "\nM/M/%d at load %g. Theory: mean completion %.4f s.\n", c, r, theory(c, r)
		printf "%-9s %-26s %9s %6s %12s %24s   %s\n", "peer", "version", "arrivals", "rounds", "events/s", "fairlb/peer (range)", "mean completion"
		for (i = 1; i <= nrows[queue]; i++) row(rows[queue, i], queue, c, r)
	}
	print "\nevents/s and fairlb/peer (fairlb's events/s over the peer's in the same round) are medians."
	if (!faults) print "Every mean agrees with theory within 4 standard errors (the margin given is that of all rounds)."
	exit faults > 0
}

function row(peer, queue, c, r,    key, ours, k, n, ratio, x, m, mean) {
	key = peer SUBSEP queue
	ours = "fairlb" SUBSEP queue
	n = rounds[key]
	x = "-"
	if (n != rounds[ours] + 0) {
		fault(sprintf("%s, c = %d: %d rounds, fairlb has %d", peer, c, n, rounds[ours]))
	} else {
		for (k = 1; k <= n; k++) ratio[k] = speed[ours, k] / speed[key, k]
		for (k = 1; k <= n; k++) ratio["", k] = ratio[k]
		m = median(ratio, "", n)
		x = sprintf("%.2f (%.2f to %.2f)", m, low, high)
	}
	mean = sum[key] / n
	check(peer " over all rounds", c, r, n * jobs[key], mean)
	printf "%-9s %-26s %9d %6d %12.0f %24s   %.4f +- %.4f\n", peer, version[peer], jobs[key], n, median(speed, key, n), x, mean, 4 * se(c, r, n * jobs[key])
}
