package linkittest

import (
	"bytes"
	"net/http"
	"time"
)

// An Exchange is a request with its response. Credentials are masked: of the Authorization header
// only the kind remains, "Bearer [masked]" for a token and "[masked]" for an API key, and the
// password and the token of a sign-in are masked as well.
type Exchange struct {
	Request    Request
	StatusCode int         // 0: the connection was closed without a response
	Header     http.Header // of the response
	Body       []byte      // of the response, as far as it was sent
	Began      time.Time   // when the request had arrived
	Duration   time.Duration
	Fault      *Fault // the fault that applied, or several combined; nil if none
}

// WithObserver calls fn for each request with its response, immediately before the response is
// written, so that whoever has the response can rely on fn having returned. Calls don't overlap. fn
// gets copies, and must not wait for another request to the server. Given more than once, every fn
// is called.
func WithObserver(fn func(Exchange)) Option {
	return func(s *settings) {
		if fn != nil {
			s.observers = append(s.observers, fn)
		}
	}
}

// observe reports an exchange. req is nil if nobody observes.
func (s *Server) observe(req *Request, began time.Time, fault *Fault, res response, header http.Header) {
	if len(s.settings.observers) == 0 || req == nil {
		return
	}
	for _, observer := range s.settings.observers {
		x := Exchange{
			Request: req.clone(), StatusCode: res.status, Header: header.Clone(), Body: bytes.Clone(res.body),
			Began: began, Duration: time.Since(began),
		}
		if fault != nil {
			applied := *fault
			applied.Header = fault.Header.Clone()
			x.Fault = &applied
		}
		x.maskCredentials()
		s.observeOne(observer, x)
	}
}

func (s *Server) observeOne(observer func(Exchange), x Exchange) {
	s.observing.Lock()
	defer s.observing.Unlock()
	observer(x)
}
