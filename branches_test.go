package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func sampleBranch() linkit.Branch {
	return linkit.Branch{
		ID:             "b4r7a2n9c6h1x3y",
		IvID:           "BR-07",
		OrganizationID: "org_9f2",
		NameEn:         "Olaya",
		NameAr:         "العليا",
		Active:         true,
		Location:       linkit.Location{Lat: 24.6911, Lon: 46.6853},
		WorkingHours: json.RawMessage(
			"{\n    \"sunday\": {\n      \"open\": \"08:00\",\n      \"close\": \"23:30\"\n    }\n  }",
		),
		WorkingHoursPeriods: []linkit.WorkingHoursPeriod{{WeekDay: "0", OpenHour: 8, CloseHour: 23, CloseMinute: 30}},
		Created:             created,
		Updated:             updated,
	}
}

func TestBranchesOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleBranch()
	exchanges(t, []exchange{
		{
			name: "get", line: "GET /branches/BR-07", response: sample(t, "branch.json"), record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Branches.Get(ctx, "BR-07") },
		},
		{
			name:     "create",
			line:     "POST /branches",
			body:     "branch.json",
			status:   http.StatusCreated,
			response: sample(t, "branch.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Branches.Create(ctx, sampleBranch().Params())
			},
		},
		{
			name:     "update",
			line:     "PUT /branches/BR-07",
			body:     "branch-closed.json",
			response: sample(t, "branch.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Branches.Update(ctx, "BR-07", linkit.BranchParams{
					IvID: "BR-07", NameEn: "Olaya", Active: linkit.Ptr(false), Location: &linkit.Location{},
					WorkingHours:        json.RawMessage(`[]`),
					WorkingHoursPeriods: []linkit.WorkingHoursPeriod{},
				})
			},
		},
		{
			name: "delete", line: "DELETE /branches/BR-07", status: http.StatusNoContent,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return nil, c.Branches.Delete(ctx, "BR-07") },
		},
		{
			name:     "bulk",
			line:     "POST /branches/bulk",
			body:     "branches-bulk.json",
			response: sample(t, "bulk.json"),
			want: &linkit.BulkResult{
				Success:    true,
				StatusCode: 200,
				Message:    "Processed 3 products",
				Count:      1,
				Keys:       []string{"BR-07"},
				Raw:        json.RawMessage(sample(t, "bulk.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Branches.Bulk(ctx, linkit.BulkUpsert, []linkit.BranchParams{
					{IvID: "BR-07", NameEn: "Olaya", Active: linkit.Ptr(true), Location: &linkit.Location{Lat: 24.6911, Lon: 46.6853}},
				})
			},
		},
	})
}

func TestBranchListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Branch, *linkit.BranchListParams]{
		"nil": {record: sample(t, "branch.json"), want: sampleBranch()},
		"every parameter": {
			params: &linkit.BranchListParams{Search: "olaya st", Active: linkit.Ptr(true)},
			query:  "search=olaya+st&active=true",
			record: `{"iv_id":"BR-08","location":null,"working_hours":null,"working_hours_periods":null,"created":null,"updated":"","new":1}`,
			want:   linkit.Branch{IvID: "BR-08", WorkingHours: json.RawMessage("null")},
		},
	} {
		row.line = "GET /branches"
		row.service = func(c *linkit.Client) lister[linkit.Branch, *linkit.BranchListParams] { return c.Branches }
		t.Run(name, row.check)
	}
}

func TestWorkingHoursAreReadInEveryFormAndWrittenAsDocumented(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		hours, period string // read
		want          linkit.WorkingHoursPeriod
		written       string
	}{
		"object and numbers": {
			`{"sunday":{"open":"08:00"}}`, `{"WeekDay":0,"OpenHour":8,"OpenMinute":5,"CloseHour":23,"CloseMinute":30}`,
			linkit.WorkingHoursPeriod{WeekDay: "0", OpenHour: 8, OpenMinute: 5, CloseHour: 23, CloseMinute: 30},
			`{"WeekDay":0,"OpenHour":8,"OpenMinute":5,"CloseHour":23,"CloseMinute":30}`,
		},
		"array, a name and numeric text": {
			`[ {"day":"sunday"} ]`, `{"WeekDay":"Sunday","OpenHour":"08","OpenMinute":" 5","CloseHour":"23","CloseMinute":"","new":true}`,
			linkit.WorkingHoursPeriod{WeekDay: "Sunday", OpenHour: 8, OpenMinute: 5, CloseHour: 23},
			`{"WeekDay":"Sunday","OpenHour":8,"OpenMinute":5,"CloseHour":23,"CloseMinute":"","new":true}`,
		},
		"nulls and what is missing": {
			`"always"`, `{"WeekDay":"6","OpenHour":null}`, linkit.WorkingHoursPeriod{WeekDay: "6"},
			`{"WeekDay":6,"OpenHour":null}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRecorder(
				t,
				http.StatusOK,
				`{"id":"b1","working_hours":`+row.hours+`,"working_hours_periods":[`+row.period+`]}`,
			)
			branch, err := w.client.Branches.Get(t.Context(), "b1")
			require.NoError(t, err)
			assert.Equal(t, row.hours, string(branch.WorkingHours))
			assert.Equal(t, []linkit.WorkingHoursPeriod{row.want}, branch.WorkingHoursPeriods)

			_, err = w.client.Branches.Update(t.Context(), "b1", branch.Params())
			require.NoError(t, err)
			assert.JSONEq(t, `{"working_hours":`+row.hours+`,"working_hours_periods":[`+row.written+`]}`, w.all()[1].body)
		})
	}
}

func TestAnHourThatCannotBeReadCostsTheBranchNothing(t *testing.T) {
	t.Parallel()
	w := newRecorder(
		t,
		http.StatusOK,
		`{"id":"b1","working_hours_periods":[{"WeekDay":1,"OpenHour":"noon","CloseHour":"022"}]}`,
	)
	branch, err := w.client.Branches.Get(t.Context(), "b1")
	require.NoError(t, err)
	assert.Equal(t, []linkit.WorkingHoursPeriod{{WeekDay: "1", CloseHour: 22}}, branch.WorkingHoursPeriods)
}

func TestBranchParamsAreTheBranchsOwnAndLeaveOutWhatItLacks(t *testing.T) {
	t.Parallel()
	branch := sampleBranch()
	params := branch.Params()
	*params.Active, params.Location.Lat, params.WorkingHours[0], params.WorkingHoursPeriods[0].WeekDay = false, 0, 'x', "1"
	assert.Equal(t, sampleBranch(), branch)

	bare := linkit.Branch{IvID: "BR-08", WorkingHours: json.RawMessage("null")}.Params()
	assert.Equal(t, linkit.BranchParams{IvID: "BR-08"}, bare)
}
