// Package runfolder makes, resumes, reads and verifies the folder of one
// training run. The folder holds the resolved hyperparameters and scenario, a
// record of every round (JSON lines, and TensorBoard's event file), the
// checkpoint, that of the best round where there is validation, the checkpoint
// that the run began at, if it began at one, and the state from which it goes on: while
// it is not at its end, and beyond that where the state is small.
//
// It stands between the commands and package train: a Training joins
// hyperparameters, scenario and folder and runs train.Run (training.go), from
// what the folder holds if it is to go on (resume.go, continue.go), or from another
// policy (beginning.go). Folder is what can be
// read of a run and everything that is wrong with it (folder.go, verify.go).
// Another file of a run is written by Training.begin, and read and checked by
// Read.
package runfolder
