package shm

import (
	"fmt"
	"sync/atomic"
	"unicode/utf8"
)

// MaxName is the length in bytes of the longest name of a server.
const MaxName = (entryWords - 2) * wordBytes

// Words of an entry of the server table.
const (
	generationOfEntry = iota // even while the entry is whole, odd while it is written; it only rises
	lengthOfEntry            // of the name in bytes
	nameOfEntry
)

// checkName returns what is wrong with a server's name.
func checkName(name string) error {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) {
		return fmt.Errorf("%w: %q is no name for a server: it has %d bytes, not 1 to %d of UTF-8", ErrConfig, name, len(name), MaxName)
	}
	return nil
}

// table is the server table: which server a slot has. Each entry has a seqlock, its
// generation, which rises by two whenever the slot changes hands. A row of an
// observation names the generation that it is of.
type table struct{ words []atomic.Uint64 }

func (t table) entry(slot int) []atomic.Uint64 {
	return t.words[slot*entryWords : (slot+1)*entryWords]
}

// set gives a slot to a server, or to none with the name "", and returns the slot's new
// generation. What another process wrote there half is replaced.
func (t table) set(slot int, name string) uint64 {
	e := t.entry(slot)
	begun := e[generationOfEntry].Load() | 1
	e[generationOfEntry].Store(begun)
	var bytes [MaxName]byte
	copy(bytes[:], name)
	storeWords(e[nameOfEntry:], bytes[:])
	e[lengthOfEntry].Store(uint64(len(name)))
	e[generationOfEntry].Store(begun + 1)
	return begun + 1
}

// name returns the server that had a slot in a generation, and false if the slot is
// another's by now or the name cannot be one.
func (t table) name(slot int, generation uint64) (string, bool) {
	e := t.entry(slot)
	if e[generationOfEntry].Load() != generation {
		return "", false
	}
	length := e[lengthOfEntry].Load()
	var bytes [MaxName]byte
	loadWords(bytes[:], e[nameOfEntry:])
	if e[generationOfEntry].Load() != generation || length == 0 || length > MaxName || !utf8.Valid(bytes[:length]) {
		return "", false
	}
	return string(bytes[:length]), true
}
