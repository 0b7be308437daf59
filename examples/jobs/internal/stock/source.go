package stock

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
)

// DefaultQuery is a table, of whose columns those are read that have one of the names.
const DefaultQuery = "stock"

// Source is where stock and prices come from. It is only read.
type Source struct {
	db      *database.DB
	query   string
	branch  string // expressions of the query's columns
	key     string
	product string
	filter  string // the branch as it can be compared with texts
	values  []column
	names   []string // of values, quoted

	HasBranch  bool
	HasProduct bool
}

// QueryError is a query that can't be used.
type QueryError struct{ Err error }

// Error says that it is about the query.
func (e *QueryError) Error() string { return "-query: " + e.Err.Error() }

// Unwrap returns the database's error.
func (e *QueryError) Unwrap() error { return e.Err }

// OpenSource prepares to read a query, or a table if query is one word. It fails with a *[QueryError]
// where the query has no key.
func OpenSource(ctx context.Context, db *database.DB, query string) (*Source, error) {
	query = strings.TrimRight(strings.TrimSpace(query), "; \n\t")
	if !strings.ContainsAny(query, " \n\t") {
		query = "SELECT * FROM " + query
	}
	s := &Source{db: db, query: "(" + query + "\n) AS q"} // the query may end in a comment
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+s.query+" LIMIT 0")
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, &QueryError{err}
	}
	types, err := rows.ColumnTypes()
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	if err := s.choose(types); err != nil {
		return nil, &QueryError{err}
	}
	return s, nil
}

// choose finds the columns by name.
func (s *Source) choose(types []*sql.ColumnType) error {
	find := func(name string) *sql.ColumnType {
		i := slices.IndexFunc(types, func(t *sql.ColumnType) bool { return strings.EqualFold(t.Name(), name) })
		if i < 0 {
			return nil
		}
		return types[i]
	}
	if err := s.chooseKey(find("sku"), find("product"), find("branch")); err != nil {
		return err
	}
	for _, column := range columns {
		if found := find(column.name); found != nil {
			s.values = append(s.values, column)
			s.names = append(s.names, quote(found.Name()))
		}
	}
	if len(s.values) == 0 {
		return errors.New("it needs one of the columns qty, price, cost and available")
	}
	return nil
}

// chooseKey makes the expressions of the key from columns, those that there are.
func (s *Source) chooseKey(sku, product, branch *sql.ColumnType) error {
	s.HasBranch, s.HasProduct = branch != nil, product != nil
	if sku == nil && (product == nil || branch == nil) {
		return errors.New("it needs a column sku, or the columns product and branch")
	}
	s.branch, s.product, s.key = text(branch), text(product), text(nil)
	if branch != nil {
		s.filter = quote(branch.Name())
		if kind := branch.DatabaseTypeName(); kind != "TEXT" && kind != "VARCHAR" {
			s.filter = s.branch
		}
	}
	if s.HasProduct && s.HasBranch {
		s.key = fmt.Sprintf("CASE WHEN %s = '' OR %s = '' THEN '' ELSE %[1]s || '_' || %[2]s END", s.product, s.branch)
	}
	if sku != nil {
		s.key = fmt.Sprintf("coalesce(nullif(%s, ''), %s)", text(sku), s.key)
	}
	return nil
}

func quote(name string) string { return `q."` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// text is the expression of a column as text, "" for NULL and for a column that isn't there.
func text(t *sql.ColumnType) string {
	if t == nil {
		return "CAST('' AS text)"
	}
	return "coalesce(CAST(" + quote(t.Name()) + " AS text), '')"
}

// Branches returns how many rows each branch has.
func (s *Source) Branches(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+s.branch+", count(*) FROM "+s.query+" GROUP BY 1")
	if err != nil {
		return nil, fmt.Errorf("count the source's rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	branches := map[string]int{}
	for rows.Next() {
		var branch string
		var count int
		if err := rows.Scan(&branch, &count); err != nil {
			return nil, err
		}
		branches[branch] = count
	}
	return branches, rows.Err()
}

// Rows streams the rows of some branches, ordered by branch and key.
func (s *Source) Rows(ctx context.Context, branches []string) (next[Record], func() error, error) {
	query := fmt.Sprintf("SELECT %s AS linkit_branch, %s AS linkit_key, %s AS linkit_product, %s FROM %s",
		s.branch, s.key, s.product, strings.Join(s.names, ", "), s.query)
	var args []any
	if s.HasBranch {
		where, arg := oneOf(s.db, s.filter, branches)
		if slices.Contains(branches, "") {
			where = "(" + where + " OR " + s.branch + " = '')"
		}
		query, args = query+" WHERE "+where, []any{arg}
	}
	rows, err := s.db.QueryContext(ctx, query+orderBy(s.db, s.branch, s.key), args...) //nolint:rowserrcheck // below
	if err != nil {
		return nil, nil, fmt.Errorf("read the source: %w", err)
	}
	values := make([]any, len(s.values))
	var key Key
	var product string
	targets := []any{&key.Branch, &key.SKU, &product}
	for i := range values {
		targets = append(targets, &values[i])
	}
	return func() (Record, bool, error) {
		if !rows.Next() {
			return Record{}, false, rows.Err()
		}
		if err := rows.Scan(targets...); err != nil {
			return Record{}, false, fmt.Errorf("read the source: %w", err)
		}
		return convert(key, product, s.values, values), true, nil
	}, rows.Close, nil
}

// oneOf is the condition that a column is one of texts, as $1, and that argument.
func oneOf(db *database.DB, column string, texts []string) (condition string, arg any) {
	if db.Postgres {
		return column + " = ANY($1)", texts
	}
	list, err := json.Marshal(texts)
	if err != nil {
		panic(err) // strings can't fail
	}
	return column + " IN (SELECT value FROM json_each(?1))", string(list)
}

// orderBy orders texts by their bytes.
func orderBy(db *database.DB, columns ...string) string {
	collation := " COLLATE BINARY"
	if db.Postgres {
		collation = ` COLLATE "C"`
	}
	return " ORDER BY " + strings.Join(columns, collation+", ") + collation
}
