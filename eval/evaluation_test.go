package eval_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// TestEvaluationReadsBack: an evaluation is kept whole: classes in their order,
// missing values, differences and intervals that there are not.
func TestEvaluationReadsBack(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("testdata", "classes.json"))
	require.NoError(t, err)
	var e eval.Evaluation
	require.NoError(t, json.Unmarshal(kept, &e))
	var b bytes.Buffer
	require.NoError(t, e.WriteJSON(&b))
	require.Equal(t, string(kept), b.String())

	require.Equal(t, []string{"all", "wiki", "static"}, []string{e.Results[0].Classes[0].Class, e.Results[0].Classes[1].Class, e.Results[0].Classes[2].Class})
	require.NotNil(t, e.Results[1].Class("all").VsSED, "of LSQ")
	require.Nil(t, e.Results[2].Class("all").VsSED, "of SED itself")
}
