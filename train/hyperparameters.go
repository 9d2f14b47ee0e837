package train

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fairlb/agents/methods"
	"fairlb/env/settings"
	"fairlb/rewards"
)

var _ settings.Ruled = (*Hyperparameters)(nil)

// Hyperparameters is a hyperparameter file: everything that a training run depends on.
type Hyperparameters struct {
	Scenario    string         `yaml:"scenario" doc:"built-in name or file"`
	ScenarioSet []string       `yaml:"scenario_set,omitempty" doc:"path=value, put into the scenario"`
	Method      string         `yaml:"method" doc:"{values}"`
	Reward      string         `yaml:"reward" doc:"{values}"`
	Credit      rewards.Credit `yaml:"credit" doc:"{values}: what a server's critic is given of the reward. additive: its own term of vbf and ongoing, an equal part of any other; server: what the server contributed; whole: an equal part. Rewards are compared alike under server or whole"`
	Seed        uint64         `yaml:"seed" doc:"of weights, exploration and training episodes"`

	Episodes         int     `yaml:"episodes" doc:"in all"`
	EpisodeDuration  float64 `yaml:"episode_duration" doc:"s; 0: the scenario's"`
	EpisodesPerRound int     `yaml:"episodes_per_round" doc:"played between two rounds of updates"`
	UpdatesPerRound  int     `yaml:"updates_per_round" doc:"gradient updates of every network"`
	CheckpointEvery  int     `yaml:"checkpoint_every" doc:"rounds; 0: only at the end"`
	ValidationSeeds  string  `yaml:"validation_seeds,omitempty" doc:"such as 500-509: played at each checkpoint, the best of which is kept; none: off"`

	From      string `yaml:"from,omitempty" doc:"SHA-256 of the checkpoint whose policy the run begins with; none: a random one. train --from sets it"`
	Continued []int  `yaml:"continued,omitempty" doc:"numbers of episodes at which the run was at its end and then went on, rising: schedules pass up to each of them, and then to the next. train --continue sets it"`

	Methods methods.Settings `yaml:",inline"`
}

// DefaultHyperparameters returns what a hyperparameter file need not say: our own
// recipe for the simulation of Table 9.
func DefaultHyperparameters() Hyperparameters {
	return Hyperparameters{
		Scenario: "sim-moderate/pure-cpu", Method: "distr-lb", Reward: "vbf", Credit: rewards.Additive, Seed: 1,
		Episodes: 320, EpisodeDuration: 60, EpisodesPerRound: 8, UpdatesPerRound: 40, CheckpointEvery: 10,
		Methods: methods.DefaultSettings(),
	}
}

// Check reports what is wrong with h beyond its own rules, such as that there is
// no such scenario, under the paths of a hyperparameter file. own is how many of
// h.ScenarioSet are the file's; overrides follow them.
type Check func(h *Hyperparameters, own int, report func(path string, value any, rule string))

// LoadHyperparameters reads a hyperparameter file, given as its name and contents, with
// overrides (path=value). An override of a path under "scenario." is put into
// the scenario instead. Faults are reported all at once, those of the checks
// among them. A file that names nothing is an error: it would train what nobody
// asked for.
func LoadHyperparameters(name string, data []byte, overrides []string, checks ...Check) (Hyperparameters, error) {
	if settings.Empty(data) {
		return Hyperparameters{}, settings.Errors{{Place: name, Rule: "is empty: a hyperparameter file must name at least one setting, such as method: distr-lb"}}
	}
	h := checkedHyperparameters{Hyperparameters: DefaultHyperparameters(), checks: checks}
	var own []string
	for _, o := range overrides {
		if rest, ok := strings.CutPrefix(o, "scenario."); ok {
			h.scenarioSet = append(h.scenarioSet, rest)
		} else {
			own = append(own, o)
		}
	}
	if err := settings.Load(name, data, own, &h); err != nil {
		return Hyperparameters{}, err
	}
	return h.whole(), nil
}

// checkedHyperparameters is a hyperparameter file whose rules are not its own alone.
type checkedHyperparameters struct {
	Hyperparameters `yaml:",inline"`

	scenarioSet []string // that overrides put behind the file's
	checks      []Check
}

// whole returns the settings with all that is put into the scenario.
func (h *checkedHyperparameters) whole() Hyperparameters {
	out := h.Hyperparameters
	out.ScenarioSet = append(slices.Clone(out.ScenarioSet), h.scenarioSet...)
	return out
}

// Rules implements settings.Ruled.
func (h *checkedHyperparameters) Rules(r *settings.Rules) {
	h.Hyperparameters.Rules(r)
	whole := h.whole()
	for _, check := range h.checks {
		check(&whole, len(h.ScenarioSet), r.Report)
	}
}

// Rules implements settings.Ruled.
func (h *Hyperparameters) Rules(r *settings.Rules) {
	oneOf := func(names []string) settings.Rule {
		return settings.OneOf(names...).Saying("must be one of " + strings.Join(names, ", "))
	}
	r.Check("scenario", h.Scenario, settings.NotEmpty().Saying("must name a built-in scenario or a file"))
	r.Check("method", h.Method, oneOf(methods.Names()))
	r.Check("reward", h.Reward, oneOf(rewards.Names()).Accepting(func(name string) bool {
		_, err := rewards.New(name) // which takes other spellings
		return err == nil
	}))
	r.Check("credit", h.Credit, settings.OneOf(rewards.Credits()...))
	reward, err := rewards.New(h.Reward)
	r.Require(err != nil || reward.Divisible() || h.Credit != rewards.Server, "credit", string(h.Credit),
		fmt.Sprintf("must be %s for the reward %s, of which servers have no parts", rewards.Whole, h.Reward))
	r.Check("episodes", h.Episodes, settings.Closed(1, 1_000_000_000))
	r.Check("episodes_per_round", h.EpisodesPerRound, settings.Closed(1, 100_000))
	if m, err := methods.Find(h.Method); err == nil && m.Section == "sac" && h.Methods.SAC.Paired {
		rule := "must be even where sac.paired is true: a round plays whole pairs of trials"
		r.Require(h.EpisodesPerRound%2 == 0, "episodes_per_round", h.EpisodesPerRound, rule)
		r.Require(h.Episodes%2 == 0, "episodes", h.Episodes, rule)
	}
	r.Check("updates_per_round", h.UpdatesPerRound, settings.Closed(1, 1_000_000_000))
	r.Check("episode_duration", h.EpisodeDuration, settings.NotNegative())
	r.Check("checkpoint_every", h.CheckpointEvery, settings.NotNegative())
	if _, err := h.validationSeeds(); err != nil {
		r.Report("validation_seeds", h.ValidationSeeds, err.Error())
	}
	r.Require(h.From == "" || isHash(h.From), "from", h.From, "must be a SHA-256: 64 hexadecimal digits, lower-case; give the checkpoint itself by train --from")
	before := 0
	for k, end := range h.Continued {
		r.Require(end > before && end < h.Episodes, fmt.Sprintf("continued[%d]", k), end, fmt.Sprintf("must be above %d and below episodes = %d", before, h.Episodes))
		before = end
	}
	h.Methods.Rules(r)
}

// isHash says whether a text is a SHA-256 in lower-case hexadecimal.
func isHash(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}

// End returns the number of episodes at which the part of the run is at its end in which
// it has played so many: schedules pass up to it.
func (h *Hyperparameters) End(played int) int {
	for _, end := range h.Continued {
		if played < end {
			return end
		}
	}
	return h.Episodes
}

// Earlier lists the settings that the run had at each of its earlier ends, before it went
// on.
func (h *Hyperparameters) Earlier() []Hyperparameters {
	var list []Hyperparameters
	for k, end := range h.Continued {
		before := *h
		before.Episodes, before.Continued = end, h.Continued[:k]
		list = append(list, before)
	}
	return list
}

// RewardFunction returns the reward that the settings name, divided over servers as
// they say.
func (h *Hyperparameters) RewardFunction() (rewards.Reward, error) {
	r, err := rewards.New(h.Reward)
	return r.WithCredit(h.Credit), err
}

// RewardName names the reward for people, with the credit where it gives servers
// another part than the default does: "logvbf", "logvbf by server".
func (h *Hyperparameters) RewardName() string {
	if h.defaultCredit() {
		return h.Reward
	}
	return h.Reward + " by " + string(h.Credit)
}

// defaultCredit reports whether the credit gives servers what the default does.
func (h *Hyperparameters) defaultCredit() bool {
	r, err := rewards.New(h.Reward)
	same := rewards.Whole // as what the default gives
	if err == nil && r.Additive() {
		same = rewards.Server
	}
	return h.Credit == rewards.Additive || h.Credit == same
}

// MethodName names the method for people, with what sets a run of the past apart from
// the method of today: "qmix-lb", "qmix-lb (99 % own rewards)".
func (h *Hyperparameters) MethodName() string {
	if r := h.retired(); r != nil {
		return fmt.Sprintf("%s (%s)", h.Method, r.Note)
	}
	return h.Method
}

// retired returns what the settings have that no run is trained with any more, nil
// for nothing.
func (h *Hyperparameters) retired() *methods.Retired {
	m, err := methods.Find(h.Method)
	if err != nil || m.Retired == nil {
		return nil
	}
	return m.Retired(h.Methods)
}

// CheckBeginsAnew is a Check of settings by which runs are made that begin at no
// checkpoint: those of a study.
func CheckBeginsAnew(h *Hyperparameters, _ int, report func(path string, value any, rule string)) {
	if h.From != "" {
		report("from", h.From, "must be left out: train --from alone begins at a checkpoint")
	}
}

// CheckRetired is a Check of settings to train by: it reports what no run is trained
// with any more.
func CheckRetired(h *Hyperparameters, _ int, report func(path string, value any, rule string)) {
	if r := h.retired(); r != nil {
		report(r.Path, r.Value, r.Rule)
	}
}

// Key names everything that a training run depends on: it is the hash of the
// settings without the sections of other methods, so that an option that one
// method gains leaves the runs of the others what they are. The credit is left out
// where it gives servers what the default does, which runs have from before there was
// a choice.
func (h *Hyperparameters) Key() (string, error) {
	data, err := settings.JSON(h)
	if err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	method, err := methods.Find(h.Method)
	if err != nil {
		return "", fmt.Errorf("train: method %q: %w", h.Method, err)
	}
	for _, section := range methods.Sections() {
		if section != method.Section {
			delete(fields, section)
		}
	}
	if h.defaultCredit() {
		delete(fields, "credit")
	}
	own, err := json.Marshal(fields) // by name
	if err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(own)), nil
}
