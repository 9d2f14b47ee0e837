package settings_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/settings"
)

func TestJSONUsesTheNamesOfTheFile(t *testing.T) {
	t.Parallel()
	raw, err := settings.JSON(struct {
		StepInterval float64  `yaml:"step_interval" doc:"s"`
		Tiny         float64  `yaml:"tiny"`
		Names        []string `yaml:"names"`
		Left         string   `yaml:"left,omitempty"`
	}{0.5, 1e-8, []string{"a: b", "1.0"}, ""})
	require.NoError(t, err)
	require.JSONEq(t, `{"step_interval": 0.5, "tiny": 1e-8, "names": ["a: b", "1.0"]}`, string(raw))
	_, err = settings.JSON(3)
	require.Error(t, err)
}
