package stock

import "time"

// fate is what a pass does with a record.
type fate int

const (
	isUnchanged   fate = iota
	isRejected         // already, with these values
	mustReject         // it can't be sent
	mustWait           // an earlier request with it may still take effect
	mustSend           // it is new or differs
	mustSendAgain      // an earlier request with it may have taken effect
)

// hold keeps a record from being sent before a deadline.
type hold struct {
	until time.Time
	open  bool // the result of the request isn't known
}

// known is what the state has of a record.
type known struct {
	sent     *Values // nil: nothing was acknowledged
	rejected *string // the values that were rejected, as JSON
	hold     *hold
	owed     bool
}

// decide returns what to do with a record.
func decide(record *Record, k known) fate {
	unchanged := k.sent != nil && record.in(*k.sent)
	alreadyRejected := k.rejected != nil && *k.rejected == record.text()
	switch {
	case record.Reason != "" && alreadyRejected:
		return isRejected
	case record.Reason != "":
		return mustReject
	case k.hold != nil && (k.hold.open || !unchanged):
		return mustWait
	case k.owed:
		return mustSendAgain
	case unchanged:
		return isUnchanged
	case alreadyRejected:
		return isRejected
	}
	return mustSend
}
