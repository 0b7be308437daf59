package linkitredis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkitredis"
	"github.com/linkit-go/linkit/linkittest"
)

func TestSessionIsReadAsItWasSaved(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	for name, opts := range map[string][]linkitredis.Option{
		"in clear":  {nil},
		"encrypted": {linkitredis.WithPrefix("sealed:"), linkitredis.WithEncryption([]byte(testKey))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			saver, loader := linkitredis.New(r.client(), opts...), linkitredis.New(r.client(), opts...)
			none, err := loader.Load(t.Context(), "k")
			require.NoError(t, err)
			require.Nil(t, none)
			want := testSession(time.Hour)
			require.NoError(t, saver.Save(t.Context(), "k", want))
			got, err := loader.Load(t.Context(), "k")
			require.NoError(t, err)
			assert.Equal(t, want.Token.Reveal(), got.Token.Reveal())
			assert.True(t, want.ExpiresAt.Equal(got.ExpiresAt.Time))
			assert.Equal(t, want.User, got.User)
			other, err := loader.Load(t.Context(), "another")
			require.NoError(t, err)
			require.Nil(t, other)
			require.NoError(t, saver.Save(t.Context(), "k", nil))
			none, err = loader.Load(t.Context(), "k")
			require.NoError(t, err)
			require.Nil(t, none)
		})
	}
}

func TestSessionLivesNoLongerThanItsToken(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	store := linkitredis.New(client, linkitredis.WithPrefix("p:"))
	for name, test := range map[string]struct {
		expires linkit.Time
		life    time.Duration // 0: not stored
	}{
		"an hour":      {linkit.Time{Time: time.Now().Add(time.Hour)}, time.Hour},
		"half seconds": {linkit.Time{Time: time.Now().Add(30500 * time.Millisecond)}, 30500 * time.Millisecond},
		"unknown":      {linkit.Time{}, 24 * time.Hour},
		"over":         {linkit.Time{Time: time.Now().Add(-time.Second)}, 0},
	} {
		session := testSession(0)
		session.ExpiresAt = test.expires
		require.NoError(t, store.Save(t.Context(), name, testSession(time.Minute)), "one that is replaced")
		require.NoError(t, store.Save(t.Context(), name, session))
		life, err := client.PTTL(t.Context(), "p:session:"+name).Result()
		require.NoError(t, err)
		if test.life == 0 {
			assert.Less(t, life, time.Duration(0), name)
			continue
		}
		assert.LessOrEqual(t, life, test.life, name)
		assert.Greater(t, life, test.life-20*time.Second, name)
	}
}

func TestTokenIsUnreadableWithEncryption(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	key := []byte(testKey)
	store := linkitredis.New(client, linkitredis.WithEncryption(key))
	clear(key) // the Store keeps none of it
	seen := map[string]bool{}
	for range 3 {
		require.NoError(t, store.Save(t.Context(), "k", testSession(time.Hour)))
		raw, err := client.Get(t.Context(), "linkit:session:k").Result()
		require.NoError(t, err)
		for _, part := range []string{"shared-t0ken", "t0ken", "user@example.com", testKey} {
			assert.NotContains(t, raw, part)
		}
		assert.Equal(t, byte(1), raw[0], "the form's version, which processes of another release read too")
		assert.False(t, seen[raw], "each with a nonce of its own")
		seen[raw] = true
	}
	_, err := linkitredis.New(client, linkitredis.WithEncryption([]byte(testKey))).Load(t.Context(), "k")
	require.NoError(t, err)
}

func TestSessionThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	sealing := linkitredis.WithEncryption([]byte(testKey))
	require.NoError(t, linkitredis.New(client).Save(t.Context(), "clear", testSession(time.Hour)))
	require.NoError(t, linkitredis.New(client, sealing).Save(t.Context(), "sealed", testSession(time.Hour)))
	sealed, err := client.Get(t.Context(), "linkit:session:sealed").Bytes()
	require.NoError(t, err)
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, value := range map[string]any{
		"moved": sealed, "flipped": flipped, "cut": sealed[:5],
		"empty": "", "junk": "\x02junk", "array": "[]", "no token": `{"version":1}`,
	} {
		require.NoError(t, client.Set(t.Context(), "linkit:session:"+name, value, 0).Err())
	}
	for _, test := range []struct {
		key  string
		opts []linkitredis.Option
		says string
	}{
		{"clear", []linkitredis.Option{sealing}, "isn't encrypted"},
		{"sealed", nil, "WithEncryption is needed"},
		{"sealed", []linkitredis.Option{linkitredis.WithEncryption(bytes.Repeat([]byte("k"), 32))}, "another key"},
		{"moved", []linkitredis.Option{sealing}, "another key"},
		{"flipped", []linkitredis.Option{sealing}, "another key"},
		{"cut", []linkitredis.Option{sealing}, "another key"},
		{"empty", []linkitredis.Option{sealing}, "isn't encrypted"},
		{"empty", nil, "not a stored session"},
		{"junk", nil, "not a stored session"},
		{"array", nil, "not a stored session"},
		{"no token", nil, "not a stored session"},
	} {
		var log syncBuffer
		store := linkitredis.New(client, append(test.opts, withLog(&log))...)
		session, err := store.Load(t.Context(), test.key)
		require.ErrorContains(t, err, test.says, test.key)
		require.Nil(t, session, test.key)
		assert.NotContains(t, err.Error(), "t0ken")
		assert.Equal(t, 1, strings.Count(log.String(), `level=WARN msg="linkitredis: the stored session can't be read`), test.key)
		assert.NotContains(t, log.String(), "goes on alone", "it isn't Redis that failed")
	}
}

func TestWrongKeyCostsOneSignIn(t *testing.T) {
	t.Parallel()
	r, server := startRedis(t), linkittest.NewServer()
	t.Cleanup(server.Close)
	var log syncBuffer
	call := func(key string) {
		store := linkitredis.New(r.client(), linkitredis.WithEncryption([]byte(key)), withLog(&log))
		client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithSessionStore(store))
		for range 3 {
			_, err := client.Products.List(t.Context(), nil)
			require.NoError(t, err)
		}
	}
	call(testKey)
	call(testKey)
	require.Empty(t, log.String())
	require.Equal(t, 1, signIns(server))
	another := strings.Repeat("k", 32)
	call(another)
	call(another)
	assert.Equal(t, 2, signIns(server))
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	assert.NotContains(t, log.String(), another)
}

func TestKeyOfAnotherLengthStoresNothing(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	for _, length := range []int{0, 1, 16, 24, 31, 33, 64} {
		store := linkitredis.New(client, linkitredis.WithEncryption([]byte(strings.Repeat("s3cr3t", 11)[:length])))
		_, err := store.Load(t.Context(), "k")
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.ErrorContains(t, err, fmt.Sprintf("WithEncryption: the key has %d bytes", length))
		assert.NotContains(t, err.Error(), "s3cr3t")
		require.ErrorIs(t, store.Save(t.Context(), "k", testSession(time.Hour)), linkit.ErrInvalid)
		_, err = store.Lock(t.Context(), "k")
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.NoError(t, store.Limiter("limit", 1000, 1000).Wait(t.Context()), "a limit has no secret")
	}
	stored, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	assert.Equal(t, []string{"linkit:limit:limit"}, stored)
}

func TestStoreWithoutAClientIsAnError(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]redis.UniversalClient{"nil": nil, "a nil pointer": (*redis.Client)(nil)} {
		store := linkitredis.New(client, linkitredis.WithLogger(nil))
		_, loaded := store.Load(t.Context(), "k")
		_, locked := store.Lock(t.Context(), "k")
		for _, err := range []error{
			loaded, locked, store.Save(t.Context(), "k", testSession(time.Hour)), store.Limiter("l", 1, 1).Wait(t.Context()),
		} {
			require.ErrorIs(t, err, linkit.ErrInvalid, name)
			require.ErrorContains(t, err, "New: the client is nil", name)
		}
	}
}

// A Redis client whose own timeouts are endless.
func patientClient(t *testing.T, addr string) *redis.Client {
	client := redis.NewClient(&redis.Options{
		Addr: addr, DialTimeout: time.Hour, ReadTimeout: -1, WriteTimeout: -1, PoolTimeout: time.Hour, MaxRetries: 10,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestHungRedisHoldsNoStepBackForMoreThanASecond(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(context.Context, *linkitredis.Store) error{
		"load": func(ctx context.Context, s *linkitredis.Store) error { _, err := s.Load(ctx, "k"); return err },
		"save": func(ctx context.Context, s *linkitredis.Store) error { return s.Save(ctx, "k", testSession(time.Hour)) },
		"lock": func(ctx context.Context, s *linkitredis.Store) error { _, err := s.Lock(ctx, "k"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log syncBuffer
			store := linkitredis.New(patientClient(t, hungAddr(t)), withLog(&log))
			began := time.Now()
			require.Error(t, step(t.Context(), store))
			assert.Less(t, time.Since(began), 2*time.Second)
			for range 20 {
				require.Error(t, step(t.Context(), store))
			}
			assert.Less(t, time.Since(began), 4*time.Second, "those that follow don't wait")
			assert.Equal(t, 1, strings.Count(log.String(), "goes on alone"), log.String())
		})
	}
}

func TestStoreShowsNoSecret(t *testing.T) {
	t.Parallel()
	store := linkitredis.New(startRedis(t).client(), linkitredis.WithEncryption([]byte(testKey)))
	encoded, err := json.Marshal(map[string]any{"store": store})
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("store", "store", store)
	shown := string(encoded) + log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
		shown += fmt.Sprintf(verb, store)
	}
	for _, secret := range []string{testKey, fmt.Sprintf("%x", testKey), "48 49 50 51"} {
		assert.NotContains(t, shown, secret)
	}
}

func TestStoreWhoseRedisIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	store := linkitredis.New(patientClient(t, "127.0.0.1:1"), linkitredis.WithLogger(nil))
	for name, session := range map[string]*linkit.Session{"none": nil, "expired": testSession(-time.Hour), "good": testSession(time.Hour)} {
		require.Error(t, store.Save(t.Context(), "k", session), name)
	}
	_, err := store.Load(t.Context(), "k")
	require.Error(t, err)
	_, err = store.Lock(t.Context(), "k")
	require.Error(t, err)
}

func TestEachStepSaysThatRedisFails(t *testing.T) {
	t.Parallel()
	m, client, _ := stoppedClock(t)
	m.SetError("LOADING Redis is loading the dataset in memory")
	for step, run := range map[string]func(*linkitredis.Store) error{
		"load":   func(s *linkitredis.Store) error { _, err := s.Load(t.Context(), "k"); return err },
		"save":   func(s *linkitredis.Store) error { return s.Save(t.Context(), "k", testSession(time.Hour)) },
		"remove": func(s *linkitredis.Store) error { return s.Save(t.Context(), "k", nil) },
		"lock":   func(s *linkitredis.Store) error { _, err := s.Lock(t.Context(), "k"); return err },
	} {
		var log syncBuffer
		err := run(linkitredis.New(client, withLog(&log)))
		require.ErrorContains(t, err, "linkitredis: "+step+": ")
		require.ErrorContains(t, err, "LOADING", "Redis' own error")
		assert.Contains(t, log.String(), "step="+step)
	}
}
