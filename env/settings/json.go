package settings

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

// JSON returns v, a struct or a pointer to one, as a JSON object under the
// names of its settings file, in the struct's order, for records and reports.
func JSON(v any) (json.RawMessage, error) {
	text, err := marshal(v, emitter{})
	if err != nil {
		return nil, err
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("settings: as JSON: %w", err)
	}
	return bytes.TrimSpace(raw), nil
}
