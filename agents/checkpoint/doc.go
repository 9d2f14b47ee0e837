// Package checkpoint keeps trained policies in files. It stands between a
// learner, whose parameters are saved during training (package train), and
// whoever acts by them later: evaluation, the export to ONNX, and training that
// starts from them.
//
// A file has the safetensors format, which Python's library of that name reads
// too. It holds the parameters as tensors and, as metadata, a Meta: the method
// and its settings, where and for how long it was trained, and a Fingerprint of
// the environments that it fits. Save writes a file whole or not at all. The
// file carries a hash of its content, and Load checks all of it before it
// returns any part.
//
// What a checkpoint says about itself is added to Meta; a change after which
// older files would be read wrongly needs a new Format.
package checkpoint
