// Package recipes ships the hyperparameter files that a command needs by
// itself. All files of the folder are for users to start from.
package recipes

import _ "embed" // the files

// The recipes of the web mix, by which the paper's tables are filled.
var (
	//go:embed web-moderate.yaml
	WebModerate []byte
	//go:embed web-large.yaml
	WebLarge []byte
)
