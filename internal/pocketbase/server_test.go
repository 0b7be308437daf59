package pocketbase_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

const (
	email    = "user@example.com"
	password = "pa55-word-Zq"
)

// server is a PocketBase with Linkit's routes for signing in and for products.
type server struct {
	*httptest.Server
	app   *core.BaseApp
	token time.Duration // life of a token
}

// newServer starts a PocketBase in a folder of its own. rules switch its rate limiter on.
func newServer(t *testing.T, rules ...core.RateLimitRule) *server {
	t.Helper()
	s := &server{app: core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir()}), token: time.Hour}
	require.NoError(t, s.app.Bootstrap())
	t.Cleanup(func() { _ = s.app.ResetBootstrapState() })
	require.NoError(t, s.app.RunAllMigrations())
	s.createCollections(t)
	if len(rules) > 0 {
		settings := s.app.Settings()
		settings.RateLimits.Enabled, settings.RateLimits.Rules = true, rules
		require.NoError(t, s.app.Save(settings))
	}
	router, err := apis.NewRouter(s.app)
	require.NoError(t, err)
	api := router.Group("/api/v1")
	api.POST("/auth/login", s.login)
	api.GET("/products", s.list)
	api.GET("/products/{iv_id}", s.get)
	api.POST("/products", s.create).Bind(apis.RequireAuth())
	api.POST("/products/bulk", s.bulk).Bind(apis.RequireAuth())
	mux, err := router.BuildMux()
	require.NoError(t, err)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *server) createCollections(t *testing.T) {
	t.Helper()
	users, err := s.app.FindCollectionByNameOrId("users")
	require.NoError(t, err)
	user := core.NewRecord(users)
	user.SetEmail(email)
	user.SetPassword(password)
	user.SetVerified(true)
	require.NoError(t, s.app.Save(user))

	products := core.NewBaseCollection("products")
	products.Fields.Add(
		&core.TextField{Name: "iv_id", Required: true, Max: 50},
		&core.TextField{Name: "name_en", Max: 255},
		&core.NumberField{Name: "average_price", Min: types.Pointer(0.0)},
		&core.AutodateField{Name: "created", OnCreate: true},
		&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	products.AddIndex("idx_products_iv_id", true, "iv_id", "")
	products.ListRule = types.Pointer("@request.auth.id != ''") // a guest's list is empty
	require.NoError(t, s.app.Save(products))
}

func (s *server) login(e *core.RequestEvent) error {
	var body struct{ Email, Password string }
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("Failed to read the request.", err)
	}
	user, err := s.app.FindAuthRecordByEmail("users", body.Email)
	if err != nil || !user.ValidatePassword(body.Password) {
		return e.BadRequestError("Failed to authenticate.", nil)
	}
	token, err := user.NewStaticAuthToken(s.token)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, map[string]any{
		"token":      token,
		"expires_at": time.Now().Add(s.token).UTC().Format(time.RFC3339),
		"user":       map[string]any{"id": user.Id, "email": user.Email()},
	})
}

// list is empty for guests, as PocketBase's own lists are.
func (s *server) list(e *core.RequestEvent) error {
	query := e.Request.URL.Query()
	page, limit := atLeast(query.Get("page"), 1), min(atLeast(query.Get("limit"), 20), 100)
	total, err := s.app.CountRecords("products")
	if err != nil {
		return err
	}
	if e.Auth == nil {
		total = 0
	}
	var records []*core.Record
	if total > 0 {
		if records, err = s.app.FindRecordsByFilter("products", "", "iv_id", limit, (page-1)*limit); err != nil {
			return err
		}
	}
	return e.JSON(http.StatusOK, map[string]any{
		"data":        records,
		"count":       len(records),
		"total_count": total,
		"page":        page,
		"limit":       limit,
		"has_next":    int64(page*limit) < total,
	})
}

func atLeast(text string, least int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return least
	}
	return max(n, 1)
}

func (s *server) get(e *core.RequestEvent) error {
	record, err := s.app.FindFirstRecordByData("products", "iv_id", e.Request.PathValue("iv_id"))
	if err != nil || e.Auth == nil { // a guest may not know that it exists
		return e.NotFoundError("The requested resource wasn't found.", err)
	}
	return e.JSON(http.StatusOK, record)
}

func (s *server) create(e *core.RequestEvent) error {
	record, err := s.write(s.app, e)
	if err != nil {
		return e.BadRequestError("Failed to create record.", err)
	}
	return e.JSON(http.StatusCreated, record)
}

func (s *server) write(app core.App, e *core.RequestEvent) (*core.Record, error) {
	var fields map[string]any
	if err := e.BindBody(&fields); err != nil {
		return nil, err
	}
	return s.save(app, fields)
}

func (s *server) save(app core.App, fields map[string]any) (*core.Record, error) {
	products, err := app.FindCachedCollectionByNameOrId("products")
	if err != nil {
		return nil, err
	}
	record := core.NewRecord(products)
	record.Load(fields)
	return record, app.Save(record)
}

// bulk writes the records of one request in one transaction.
func (s *server) bulk(e *core.RequestEvent) error {
	var body struct {
		Products []map[string]any `json:"products"`
	}
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("Failed to read the request.", err)
	}
	err := s.app.RunInTransaction(func(tx core.App) error {
		for _, fields := range body.Products {
			if _, err := s.save(tx, fields); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return e.BadRequestError("Failed to write the records.", err)
	}
	return e.JSON(
		http.StatusOK,
		map[string]any{
			"success": true,
			"message": "Processed " + strconv.Itoa(len(body.Products)) + " products successfully",
		},
	)
}

// client returns a client that signs in, with the default waits.
func (s *server) client(t *testing.T, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	client, err := linkit.NewClient(
		append([]linkit.Option{linkit.WithBaseURL(s.URL + "/api/v1"), linkit.WithLogin(email, password)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

// fill puts n products into the database directly.
func (s *server) fill(t *testing.T, n int) {
	t.Helper()
	require.NoError(t, s.app.RunInTransaction(func(tx core.App) error {
		for i := range n {
			if _, err := s.save(tx, map[string]any{"iv_id": key(i), "name_en": "a name"}); err != nil {
				return err
			}
		}
		return nil
	}))
}
