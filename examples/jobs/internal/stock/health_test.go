package stock

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnEngineIsWellUntilNothingGetsOnForThreePasses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		then func(e *Engine) // 45 s after the first progress
		want string          // 45 s later
	}{
		"nothing":                {func(*Engine) {}, "no progress for 1m30s"},
		"a record is dealt with": {func(e *Engine) { e.advance(1, 0) }, ""},
		"a page is read":         {func(e *Engine) { e.advance(0, 0) }, ""},
		"a pass ends":            {func(e *Engine) { _, _ = e.ended(Summary{}, nil) }, ""},
		"a pass fails":           {func(e *Engine) { _, _ = e.ended(Summary{}, errors.New("reset")) }, "no progress for 1m30s: reset"},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := &Engine{Options: Options{Timeout: 15 * time.Second, Grace: 5 * time.Second}}
			e.health.progressed()
			<-time.After(45 * time.Second)
			row.then(e)
			<-time.After(45*time.Second - 1)
			require.NoError(t, e.Healthy(10*time.Second), name)
			<-time.After(1 + 400*time.Millisecond)
			err := e.Healthy(10 * time.Second)
			if row.want == "" {
				require.NoError(t, err, name)
				return
			}
			require.EqualError(t, err, row.want, name)
		})
	}
}

func TestProgressIsOfRecords(t *testing.T) {
	t.Parallel()
	var told [][2]int
	e := &Engine{Options: Options{Progress: func(records, rejected int) { told = append(told, [2]int{records, rejected}) }}}
	e.advance(0, 0)
	e.advance(1, 1)
	assert.Equal(t, [][2]int{{1, 1}}, told)
}
