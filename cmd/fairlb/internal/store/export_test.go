package store

import "fairlb/cmd/fairlb/internal/job"

// ReportFile is the path of an evaluation's report.
func (s *Store) ReportFile(e *job.Evaluation) (string, error) { return s.reportFile(e) }
