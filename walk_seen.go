package linkit

import (
	"hash/maphash"
	"math/bits"
)

const (
	passBits = maxPasses - 1 // the two lowest bits of a slot: the pass in which its record was met last
	// minSlots and the growth by a half once seven eighths are in use keep a set below 16 bytes a
	// record.
	minSlots = 16
)

// seenSet remembers the records of a walk: a hash each, which is 8 bytes, and with the free slots
// 14 at most.
type seenSet struct {
	id, key maphash.Seed
	pass    uint64        // the one under way
	shards  [16]seenShard // so that growth copies a small part at a time
}

// seenShard is a hash table with linear probing; 0 is a free slot.
type seenShard struct {
	slots    []uint64
	keyCount int
}

func newSeenSet() *seenSet { return &seenSet{id: maphash.MakeSeed(), key: maphash.MakeSeed()} }

// hash tells records apart: by Linkit's id, and by their own key where they have none.
func (s *seenSet) hash(key, id string) uint64 {
	if id != "" {
		return maphash.String(s.id, id)
	}
	return maphash.String(s.key, key)
}

// add notes a record, and reports whether it was there before, and whether this pass has met it
// before.
func (s *seenSet) add(hash uint64) (known, repeated bool) {
	hash = max(hash&^passBits, passBits+1)
	shard := &s.shards[hash>>60]
	if shard.keyCount*8 >= len(shard.slots)*7 {
		shard.grow()
	}
	slot := shard.find(hash)
	was := *slot
	*slot = hash | s.pass
	if was == 0 {
		shard.keyCount++
		return false, false
	}
	return true, was&passBits == s.pass
}

// find returns the slot of a hash, or the free one where it belongs.
func (s *seenShard) find(hash uint64) *uint64 {
	n := uint64(len(s.slots))
	for i, _ := bits.Mul64(hash<<4, n); ; i++ {
		slot := &s.slots[i%n]
		if *slot == 0 || *slot&^passBits == hash {
			return slot
		}
	}
}

func (s *seenShard) grow() {
	old := s.slots
	s.slots = make([]uint64, max(minSlots, len(old)+len(old)/2))
	for _, slot := range old {
		if slot != 0 {
			*s.find(slot &^ passBits) = slot
		}
	}
}
