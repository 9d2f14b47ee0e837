package paper

// What the footnotes of tables say. The last five are about comparing our values
// with the paper's; the others say what is wrong or doubtful in its text.
const (
	notePBF = "PBF, and RLB-SAC's G, is prod_j (l_j / max_k l_k), as in the authors' code; " +
		"Proposition 13 prints (prod_j l_j) / max_k l_k."
	noteCut = "The paper's text lost the values of the last column in the rows of QMix-LB and Distr-LB: " +
		"shown as a dash."
	noteWiki = "The paper's caption says static pages, as that of Table 15 does; by their magnitude " +
		"these are Wiki pages."
	noteStatic = "The paper's Table 14 carries this table's caption too; by their magnitude the static pages are here."
	noteTail   = "Unreliable as printed: WCMP's 95th percentile is above its 99th, and SED's 99th is 30 s " +
		"beside a mean of 0.34 s. (With the 99th percentiles of these two rows exchanged, both would fit.)"
	noteDoubt = "RLB-SAC with G, period IV, static pages: the printed 1.166 s is above the 0.973 s of " +
		"Wiki pages, in this row alone; a slip for 0.166 would fit its neighbours."
	noteTestbed = "Paper: a testbed of virtual machines. Ours: its simulated twin. Compare orders and ratios " +
		"rather than absolute times."
	noteLive = "Paper: a testbed of virtual machines. live: its model in real time, emulated servers behind real load balancers and sockets on " +
		"one machine. sim: the model simulated."
	noteCredit      = "Rewards are compared under the same credit: of each, critics of servers are given equal parts of the whole."
	noteIndependent = "IQL-LB is not in the paper: QMix-LB's utilities without a mixer, each server's part learned from what that server " +
		"contributed to its load balancer's own reward (credit: server), while QMix-LB learns from the team's reward alone."
	notePeriods = "Of a period the rate is printed. What else tells the twin's periods apart, how much faster requests came " +
		"in the minutes that were replayed and which part were Wiki pages, was fitted to the heuristics' rows of Tables 11 and 12."
)
