package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesOfFailuresAreToldFromSettingsAndRemarks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"err": true, "errs": true, "errors": true, "failed": true, "failedcount": true, "partial": true, "invalid": true, "notvalid": true,
		"notfound": true, "skipped": true, "skippedcount": true, "ignored": true, "ignoredrecords": true, "rejected": true, "missing": true,
		"maxerrors": false, "allowduplicates": false, "errorcode": false, "failureurl": false, "errorrate": false, "skipinvalid": false,
		"onconflict": false, "failfast": false, "errorid": false, "conflicthandling": false, "retryfailed": false, "ignoreerrors": false,
		"warnings": false, "created": false, "total": false, "": false, "errortype": false, "duplicatepolicy": false,
	} {
		assert.Equal(t, want, isFailure(name), name)
	}
	for name, want := range map[string]bool{
		"warnings": true, "notices": true, "hints": true, "deprecations": true, "pagination": true, "links": true, "info": true,
		"errors": false, "link": false, "records": false, "information": false,
	} {
		assert.Equal(t, want, isAside(name), name)
	}
	for name, want := range map[string]string{
		"processedcount": "processed", "totalupdated": "updated", "recordscreated": "created", "created": "created",
		"numberofproductsupdated": "updated", "totalrecords": "", "count": "",
	} {
		assert.Equal(t, want, countedThing(name), name)
	}
}

func TestCountsOfAReportAreNoted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		n     int
		known bool
		want  reportCounts
	}{
		"processed":    {5, true, reportCounts{taken: 6}},
		"success":      {1, true, reportCounts{}}, // a bool
		"ok":           {2, true, reportCounts{taken: 3}},
		"failed":       {2, true, reportCounts{failed: 2}},
		"errors":       {0, true, reportCounts{cleared: true}},
		"created":      {0, true, reportCounts{created: 1}},
		"updated":      {4, true, reportCounts{updated: 5}},
		"upserted":     {4, true, reportCounts{upserted: 5}},
		"unchanged":    {4, true, reportCounts{unchanged: 5}},
		"duration":     {4, false, reportCounts{}},
		"savedcount":   {-1, false, reportCounts{}},
		"totalwritten": {0, true, reportCounts{taken: 1}},
	} {
		var got reportCounts
		assert.Equal(t, row.known, got.figure(name, row.n), name)
		assert.Equal(t, row.want, got, name)
	}
	both := reportCounts{taken: 4, created: 4, failed: 4}
	both.figure("processed", 9)
	both.figure("created", 1)
	both.figure("failed", 1)
	assert.Equal(t, reportCounts{taken: 4, created: 4, failed: 4}, both, "the worst counts")
	both.figure("failed", 0)
	both.figure("failed", 5)
	assert.True(t, both.cleared, "for good")
	for mode, want := range map[BulkMode]struct {
		counts reportCounts
		n      int
		known  bool
	}{
		BulkCreate: {reportCounts{created: 3, updated: 3}, 4, true},
		BulkUpdate: {reportCounts{updated: 3, unchanged: 6}, 7, true},
		BulkUpsert: {reportCounts{created: 3, updated: 3}, 4, true},
	} {
		n, known := want.counts.written(mode)
		assert.Equal(t, want.n, n, mode)
		assert.Equal(t, want.known, known, mode)
	}
	for mode, counts := range map[BulkMode]reportCounts{
		BulkCreate: {created: 1}, BulkUpdate: {updated: 1}, BulkUpsert: {upserted: 1}, "": {created: 1, updated: 1},
	} {
		n, known := counts.written(mode)
		assert.True(t, known, mode)
		assert.Zero(t, n, mode)
	}
	for _, row := range []struct {
		name             string
		length, rejected int
		want             reportCounts
	}{
		{"success", 1, 0, reportCounts{}}, {"success", 2, 0, reportCounts{taken: 3}}, {"created", 1, 0, reportCounts{created: 2}},
		{"failed", 3, 2, reportCounts{failed: 2}}, {"failed", 0, 0, reportCounts{cleared: true}}, {"results", 3, 1, reportCounts{failed: 1}},
	} {
		var got reportCounts
		got.listed(row.name, row.length, row.rejected)
		assert.Equal(t, row.want, got, row)
	}
	for _, counts := range []reportCounts{{updated: 3}, {unchanged: 3}, {}} {
		_, known := counts.written(BulkUpsert)
		assert.False(t, known)
		_, known = counts.written(BulkCreate)
		assert.False(t, known)
	}
	for name, row := range map[string]struct {
		counts  reportCounts
		refused bool
		failed  int
	}{
		"told":                {reportCounts{told: true}, false, 1},
		"told, refused":       {reportCounts{told: true}, true, 0},
		"told, with a number": {reportCounts{told: true, failed: 3}, false, 3},
		"taken":               {reportCounts{taken: 8}, false, 3},
		"taken none":          {reportCounts{taken: 1}, false, 10},
		"created and updated": {reportCounts{created: 4, updated: 5}, false, 3},
		"cleared":             {reportCounts{created: 4, updated: 5, cleared: true}, false, 0},
	} {
		row.counts.settle(10, BulkUpsert, row.refused)
		assert.Equal(t, row.failed, row.counts.failed, name)
	}
}
