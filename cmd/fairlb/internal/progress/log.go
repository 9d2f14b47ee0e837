package progress

import (
	"io"

	"github.com/sirupsen/logrus"
)

// Silent is a logger for work inside other work, which says itself what is
// worth saying.
func Silent() logrus.FieldLogger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}
