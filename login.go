package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
	"github.com/linkit-go/linkit/internal/session"
)

// How WithLogin gets its tokens; when it does is internal/session's.

// loginError is a sign-in that the server refused, whatever its status.
type loginError struct{ err error }

func (e *loginError) Error() string {
	hint := ""
	if errors.Is(e.err, ErrBadRequest) || errors.Is(e.err, ErrUnauthorized) {
		hint = ", check the email and password"
	}
	return "linkit: sign-in refused" + hint + ": " + strings.TrimPrefix(e.err.Error(), "linkit: ")
}
func (e *loginError) Is(target error) bool { return target == ErrLogin || target == ErrUnauthorized }
func (e *loginError) Unwrap() error        { return e.err }

// newCache returns the token cache over a source.
func (c *core) newCache(source func(context.Context, *session.Token[authValue], bool) (session.Grant[authValue], error)) *session.Cache[authValue] {
	return session.New(session.Config[authValue]{
		Source: source,
		Classify: func(err error) (refused bool, wait time.Duration) {
			var answer *APIError
			var asked *funcError
			if errors.As(err, &asked) {
				wait = -1 // the function may do better at once
			}
			if errors.As(err, &answer) && answer.StatusCode == http.StatusTooManyRequests {
				wait = answer.RetryAfter
			}
			return errors.Is(err, ErrLogin), wait
		},
		RenewalFailed: c.renewalFailed,
	})
}

// askLogin calls WithLoginFunc's function.
func (c *core) askLogin(fn func(context.Context) (string, string, error)) func(context.Context) (string, string, error) {
	return func(ctx context.Context) (string, string, error) {
		email, password, err := fn(ctx)
		if err != nil {
			return "", "", &funcError{"WithLoginFunc", redacted(err, password)}
		}
		return email, password, checkLogin("WithLoginFunc", email, password)
	}
}

// signIn is the source behind WithLogin and WithLoginFunc: a stored session, where there is a good one, or a new one.
func (c *core) signIn(ask func(context.Context) (string, string, error), store SessionStore) func(context.Context, *session.Token[authValue], bool) (session.Grant[authValue], error) {
	var spent atomic.Pointer[string]
	return func(ctx context.Context, old *session.Token[authValue], afresh bool) (session.Grant[authValue], error) {
		email, password, err := ask(ctx)
		if err != nil {
			var asked *funcError
			if errors.As(err, &asked) {
				asked.err = redacted(asked.err, tokenText(old))
			}
			return session.Grant[authValue]{}, err
		}
		if store == nil {
			return c.login(ctx, email, password, true)
		}
		storeEntry := storeEntry{core: c, store: store, key: storeKey(c.base.String(), email), spent: &spent}
		unlock := storeEntry.lock(ctx)
		defer unlock()
		if !afresh {
			if stored := storeEntry.load(ctx, old); stored != nil {
				return *stored, nil
			}
		}
		granted, err := c.login(ctx, email, password, true)
		if err == nil {
			storeEntry.save(ctx, granted.Value.session)
		}
		return granted, err
	}
}

const loginRoute = "/auth/login"

// login signs in. automatic is false for the caller's own Auth.Login.
//
//	POST /auth/login
func (c *core) login(ctx context.Context, email, password string, automatic bool) (session.Grant[authValue], error) {
	op := &operation{
		method: http.MethodPost, route: loginRoute, public: true, idempotent: true, signIn: automatic, unmetered: true,
		body: loginRequest{email, password}, secret: password,
	}
	if automatic {
		op.onRetry = func(last *retry.Result, wait time.Duration) {
			if last.RetryAfter > 0 || last.Status == http.StatusTooManyRequests {
				c.credential.cache.Hold(ctx, time.Now().Add(wait), op.apiError(last, "", password))
			}
		}
	}
	var signedIn *Session
	op.decode = func(res *retry.Result) (err error) {
		if err := checkSuccess(res.Body); err != nil {
			return err
		}
		signedIn, err = readSession(res.Body)
		return err
	}
	res, err := c.send(ctx, op, "")
	if err != nil {
		switch res.Status {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity:
			err = &loginError{err}
		}
		return session.Grant[authValue]{}, err
	}
	return withLifetime(newGrant(signedIn), res), nil
}

// withLifetime computes how long a new session lasts: by the server's clock, so that a wrong one here changes nothing.
func withLifetime(g session.Grant[authValue], res *retry.Result) session.Grant[authValue] {
	g.Asked = res.Began
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		date = res.Received
	}
	if end := g.Value.session.ExpiresAt; !end.IsZero() {
		g.Life = max(end.Sub(date), 0)
	}
	return g
}

type loginRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func newGrant(s *Session) session.Grant[authValue] {
	return session.Grant[authValue]{Value: authValue{header: []string{"Bearer " + s.Token.Reveal()}, session: s}}
}

// readSession reads a sign-in's answer. Only the token must be as documented: without a usable end the token is used until
// it is refused.
func readSession(body []byte) (*Session, error) {
	var answer struct {
		Token     json.RawMessage `json:"token"`
		ExpiresAt json.RawMessage `json:"expires_at"`
		User      json.RawMessage `json:"user"`
		Data      json.RawMessage `json:"data"`
	}
	if err := decode(body, &answer); err != nil {
		return nil, err
	}
	if len(answer.Token) == 0 && len(answer.Data) > 0 {
		_ = json.Unmarshal(answer.Data, &answer)
	}
	var token string
	switch {
	case len(answer.Token) == 0:
		return nil, errors.New("the answer to the sign-in has no token")
	case json.Unmarshal(answer.Token, &token) != nil:
		return nil, errors.New("the answer's token is not text")
	case token == "":
		return nil, errors.New("the answer's token is empty")
	case !visible(token):
		return nil, errors.New("the answer's token can't stand in a header")
	}
	s := &Session{Token: NewSecret(token)}
	if s.ExpiresAt.UnmarshalJSON(answer.ExpiresAt) != nil {
		s.ExpiresAt = Time{}
	}
	if json.Unmarshal(answer.User, &s.User) != nil {
		s.User = User{}
	}
	return s, nil
}

// checkLogin refuses what can't be signed in with. Both are sent as they are, untrimmed and in any script.
func checkLogin(name, email, password string) error {
	switch {
	case email == "":
		return invalid("%s: the email is empty: %s", name, unset)
	case password == "":
		return invalid("%s: the password is empty: %s", name, unset)
	}
	return nil
}
