package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/train/schema"
)

func TestSchemaCommand(t *testing.T) {
	for _, name := range schema.Names() {
		out, _, err := command(t, "schema", name)
		require.NoError(t, err)
		require.True(t, json.Valid([]byte(out)), name)
	}
	_, _, err := command(t, "schema", "recipe")
	require.EqualError(t, err, `schema: unknown kind of file "recipe": must be one of hyperparameters, lb, scenario, study`)
	require.Equal(t, exitUsage, exitCode(err))
}
