package shm

import (
	"encoding/binary"
	"sync/atomic"
)

// frames are the m frames of one direction: the multi-buffering of appendix C.2.4, with
// a seqlock a frame. Frame s mod m takes the publication of sequence number s, from 1
// on. Its first word is the lock: 2s while the frame holds publication s whole, and 2s-1
// while that is being written.
//
// One process writes. Any number reads, never makes the writer wait, and takes a frame
// only if its lock was even and the same before and after the copy. A writer that was
// killed in mid-frame leaves an odd lock there; the other m-1 frames stay readable, and
// the next writer goes on beyond the highest lock.
//
// Every word is read and written by sync/atomic. Go's memory model makes these
// operations sequentially consistent within a process; between processes that share
// the memory they are the same instructions on the same coherent memory, so the same
// holds: a reader that finds the lock unchanged has seen no store of another frame
// between. On amd64 a load costs what a plain one does, and a store is skipped where
// the word has its value already, since its full barrier is what a publication costs.
type frames struct {
	words []atomic.Uint64
	size  int // of a frame, in words
	level uint64
	fixed int // words of a frame that are always used
	row   int // words of each of the rows that follow them, whose number is word rowsWord
}

// maxAttempts bounds how often a reader tries again because frames changed while they
// were being copied.
const maxAttempts = 64

// frame returns the words of the frame for a sequence number.
func (f frames) frame(sequence uint64) []atomic.Uint64 {
	at := int(sequence%f.level) * f.size
	return f.words[at : at+f.size]
}

// last returns the highest sequence number that was begun, whether it was ended or not;
// 0 if none was.
func (f frames) last() uint64 {
	highest := uint64(0)
	for i := range f.level {
		if lock := f.frame(i)[0].Load(); f.plausible(i, lock) {
			highest = max(highest, sequenceOf(lock))
		}
	}
	return highest
}

// sequenceOf returns the sequence number of the frame that has this lock.
func sequenceOf(lock uint64) uint64 { return lock/2 + lock%2 }

// plausible says whether frame i can have this lock.
func (f frames) plausible(i, lock uint64) bool {
	return lock != 0 && lock < 1<<63 && sequenceOf(lock)%f.level == i
}

// newest returns the highest sequence number of a whole frame, and 0 if there is none.
func (f frames) newest() uint64 {
	highest := uint64(0)
	for i := range f.level {
		if lock := f.frame(i)[0].Load(); lock%2 == 0 && f.plausible(i, lock) {
			highest = max(highest, sequenceOf(lock))
		}
	}
	return highest
}

// write publishes payload, the first words of a frame, under a sequence number that is
// higher than last. The word of the lock in payload is not used.
func (f frames) write(sequence uint64, payload []byte) {
	frame := f.frame(sequence)
	frame[0].Store(2*sequence - 1)
	storeWords(frame[1:], payload[wordBytes:])
	frame[0].Store(2 * sequence)
}

// read copies the newest whole frame to the beginning of buffer, which has room for a
// frame, and returns its sequence number and the words that it uses. The sequence number
// is 0 if there is none, or if each one that it tried to copy was overwritten meanwhile.
func (f frames) read(buffer []byte) (sequence uint64, used []byte) {
	for range maxAttempts {
		sequence = f.newest()
		if sequence == 0 {
			break
		}
		if used, whole := f.copy(buffer, sequence); whole {
			return sequence, used
		}
	}
	return 0, nil
}

// copy copies the words that the frame of a sequence number uses to the beginning of
// buffer, and says whether it was whole and the same from before the copy until after
// it. Rows that a corrupt frame has no room for are left out.
func (f frames) copy(buffer []byte, sequence uint64) (used []byte, whole bool) {
	frame := f.frame(sequence)
	if frame[0].Load() != 2*sequence {
		return nil, false
	}
	rows := min(frame[rowsWord].Load(), uint64((f.size-f.fixed)/f.row))
	used = buffer[:(f.fixed+int(rows)*f.row)*wordBytes]
	loadWords(used, frame)
	return used, frame[0].Load() == 2*sequence
}

// loadWords copies words into dst, which is at most as long.
func loadWords(dst []byte, words []atomic.Uint64) {
	for i := range len(dst) / wordBytes {
		binary.LittleEndian.PutUint64(dst[i*wordBytes:], words[i].Load())
	}
}

// storeWords copies src into words.
func storeWords(words []atomic.Uint64, src []byte) {
	for i := range len(src) / wordBytes {
		if x := binary.LittleEndian.Uint64(src[i*wordBytes:]); words[i].Load() != x {
			words[i].Store(x)
		}
	}
}
