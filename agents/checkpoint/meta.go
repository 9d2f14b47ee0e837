package checkpoint

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Format is the version of the metadata that Save writes and Load reads.
const Format = 1

// Meta says what a checkpoint's parameters are.
type Meta struct {
	Format        int         // version of the metadata; Save sets it
	Method        string      // name of the method, such as "distr-lb"
	Settings      string      // the whole hyperparameter file of the training, YAML
	Scenario      string      // name of the scenario that the policy was trained in
	Fingerprint   Fingerprint // of the environments that the policy fits
	TrainSeed     uint64      // seed of the training
	Episode       int         // number of episodes of training so far
	ContentSHA256 string      // of the file, lower-case hexadecimal; Save sets it
}

// The keys of a checkpoint's __metadata__.
const (
	keyFormat      = "format"
	keyMethod      = "method"
	keySettings    = "settings"
	keyScenario    = "scenario"
	keyFingerprint = "fingerprint" // JSON
	keyTrainSeed   = "train_seed"
	keyEpisode     = "episode"
	keyParameters  = "parameters" // JSON list of names: their order
	keyHash        = "content_sha256"
)

// zeroHash is in place of the hash while the file is hashed.
var zeroHash = strings.Repeat("0", 64)

// encode returns the metadata as safetensors keeps it, with zeros for the hash.
// names are those of the parameters, whose order a safetensors file does not
// keep.
func (m Meta) encode(names []string) (map[string]string, error) {
	fingerprint, err := json.Marshal(m.Fingerprint)
	if err != nil {
		return nil, err
	}
	order, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		keyFormat:      strconv.Itoa(Format),
		keyMethod:      m.Method,
		keySettings:    m.Settings,
		keyScenario:    m.Scenario,
		keyFingerprint: string(fingerprint),
		keyTrainSeed:   strconv.FormatUint(m.TrainSeed, 10),
		keyEpisode:     strconv.Itoa(m.Episode),
		keyParameters:  string(order),
		keyHash:        zeroHash,
	}, nil
}

// decodeMeta returns the metadata of a file, and the names of the parameters in
// the order in which they were saved.
func decodeMeta(fields map[string]string) (Meta, []string, error) {
	m := Meta{
		Method:        fields[keyMethod],
		Settings:      fields[keySettings],
		Scenario:      fields[keyScenario],
		ContentSHA256: fields[keyHash],
	}
	var names []string
	var err error
	read := func(key string, parse func(text string) error) {
		if e := parse(fields[key]); e != nil && err == nil {
			err = fmt.Errorf("metadata %q: %w", key, e)
		}
	}
	read(keyFormat, func(s string) (e error) { m.Format, e = strconv.Atoi(s); return })
	read(keyTrainSeed, func(s string) (e error) { m.TrainSeed, e = strconv.ParseUint(s, 10, 64); return })
	read(keyEpisode, func(s string) (e error) { m.Episode, e = strconv.Atoi(s); return })
	read(keyFingerprint, func(s string) error { return json.Unmarshal([]byte(s), &m.Fingerprint) })
	read(keyParameters, func(s string) error { return json.Unmarshal([]byte(s), &names) })
	return m, names, err
}
