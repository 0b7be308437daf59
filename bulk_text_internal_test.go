package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumbersOfAMessageAreRead(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]reportCounts{
		"Processed 100 products successfully":     {taken: 101},
		"98 of 100 products processed":            {failed: 2},
		"98/100 processed":                        {failed: 2},
		"2 of 100 products failed":                {failed: 2},
		"Failed: 2 of 100":                        {failed: 2},
		"100 of 100 products processed":           {},
		"3 of 50 products processed":              {}, // of another request
		"101 of 100 products processed":           {},
		"batch 1 of 100":                          {},
		"request: 1 of 100":                       {},
		"the 1 of 100":                            {failed: 99},
		"2 failed":                                {failed: 2},
		"2 records were rejected":                 {failed: 2},
		"2 products could not be saved":           {failed: 2},
		"2 products created without errors":       {},
		"failed: 2, skipped: 3":                   {failed: 3},
		"errors = 1,000":                          {failed: 1000},
		"0 failed":                                {cleared: true},
		"Updated 98 products":                     {updated: 99},
		"Created: 98":                             {created: 99},
		"Upserted 98 records":                     {upserted: 99},
		"Processed 2 batches":                     {},
		"98 records processed":                    {taken: 99},
		"98 records were imported":                {taken: 99},
		"Failed: 100 of 100":                      {failed: 100},
		"Failed: 101 of 100":                      {},
		"98 records were successfully imported":   {},
		"98 records imported":                     {taken: 99},
		"98 products succeeded":                   {taken: 99},
		"Partially succeeded":                     {failed: 1},
		"completed with errors":                   {failed: 1},
		"some products could not be saved":        {failed: 1},
		"not all records were processed":          {failed: 1},
		"on 25/11/2026 at 50%, done":              {},
		"2026-11-25T10:00:00Z failed":             {},
		"99999999999999999999 failed":             {failed: 0},
		"Processed 99999999999999999999 products": {},
	} {
		got := reportCounts{sent: 100}
		got.text(message)
		want.sent = 100
		assert.Equal(t, want, got, message)
	}
}

func TestMessagesOfSingleRecordsSayWhetherTheyWereRejected(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{
		"product not found": true, "does not exist": true, "doesn't exist": true, "could not be saved": true, "can't be saved": true,
		"invalid barcode": true, "duplicate key": true, "access denied": true, "forbidden": true, "failed": true, "conflict": true,
		"created": false, "saved without errors": false, "0 errors": false, "no conflicts": false, "": false, "updated": false,
	} {
		assert.Equal(t, want, saysRejected(message), message)
	}
	for words, want := range map[string]bool{
		" failed": true, " records were rejected": true, " not saved": true, " could not": true, " couldn": true, " invalid rows": true,
		" and 2 failed": false, " without errors": false, " no errors": false, " processed, failed": true, " processed failed": false,
		" successfully": false, " created": false, " but failed": false, "": false, " records": false, " with errors": false,
	} {
		assert.Equal(t, want, saysFailure(words), words)
	}
	for text, want := range map[string]int{"1,000": 1000, "0": 0, "12": 12, "": -1, "99999999999999999999": -1} {
		assert.Equal(t, want, reportFigure(text), text)
	}
}

func TestStatusesAreReadFromTheirUsualTexts(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{
		"404": 404, `"404"`: 404, `"404 Not Found"`: 404, `"HTTP/1.1 404 Not Found"`: 404, `"http/2 201 Created"`: 201, "7": 7,
	} {
		status, ok := reportStatus([]byte(value))
		assert.True(t, ok, value)
		assert.Equal(t, want, status, value)
	}
	for _, value := range []string{`"Not Found"`, `"404x Not Found"`, `"HTTP/1.1"`, `"HTTP/1.1 404"`, `"799 Odd"`, `""`, "null", "{}", "true", `"x 404"`} {
		_, ok := reportStatus([]byte(value))
		assert.False(t, ok, value)
	}
}
