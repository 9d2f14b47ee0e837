package record

import (
	"cmp"
	"encoding/json"
	"runtime"
	"runtime/debug"
	"time"
)

// Format is the version of the record that Create writes. Read reads this and
// version 1, whose lines have no sums.
const Format = 2

// Header is the first line of a record.
type Header struct {
	Kind         string          `json:"kind"`               // what wrote the record: "train"
	Format       int             `json:"format"`             // set by Create
	Command      []string        `json:"command"`            // the command line
	Settings     json.RawMessage `json:"settings,omitempty"` // resolved, as a JSON value
	SettingsHash string          `json:"settings_hash,omitempty"`
	Seeds        []uint64        `json:"seeds"`

	// ScenarioHash names all that an environment of the run depends on, and
	// Traces has the SHA-256 of each trace file that the scenario reads, by its
	// path. Records of version 1 have neither.
	ScenarioHash string            `json:"scenario_hash,omitempty"`
	Traces       map[string]string `json:"traces,omitempty"`

	Go       string    `json:"go"`              // set by Create: "go1.26.8"
	Version  string    `json:"version"`         // set by Create: the program's
	Build    string    `json:"build,omitempty"` // set by Create: Build()
	Platform string    `json:"platform"`        // set by Create: "linux/amd64"
	Started  time.Time `json:"started"`
}

// stamp sets the fields that Create sets.
func (h *Header) stamp() {
	h.Format = Format
	h.Go = runtime.Version()
	h.Platform = runtime.GOOS + "/" + runtime.GOARCH
	h.Version, h.Build = Version(), Build()
}

// Program names the program that made the record, by its version and build.
func (h *Header) Program() string { return program(h.Version, h.Build) }

// Program names this program as Header.Program names that of a record.
func Program() string { return program(Version(), Build()) }

func program(version, build string) string {
	return version + ", build " + cmp.Or(build, "unknown")
}

// Version names this program's version.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return version(info)
	}
	return "unknown"
}

// version names the program's version: the module's, and the commit that it was
// built from.
func version(info *debug.BuildInfo) string {
	v := cmp.Or(info.Main.Version, "(devel)")
	if c := commit(info); c != "" {
		v += " " + c
	}
	return v
}

// Commit names the commit that this program was built from, by the first twelve
// digits of its hash, with "+dirty" if files were changed; "unknown" if the build
// was not told (go build -buildvcs=false, or outside of a repository).
func Commit() string {
	found := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		found = commit(info)
	}
	return cmp.Or(found, "unknown")
}

// commit is Commit, but empty if it is unknown.
func commit(info *debug.BuildInfo) string {
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}
