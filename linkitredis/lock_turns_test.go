package linkitredis_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkitredis"
)

func TestUnlockReturnsOnceTheLockIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		fake.set(10*time.Millisecond, nil)
		store := linkitredis.New(client)
		unlock, err := store.Lock(t.Context(), "k")
		require.NoError(t, err)
		require.NotEmpty(t, fake.holder())
		began := time.Now()
		unlock()
		assert.Equal(t, 10*time.Millisecond, time.Since(began))
		assert.Empty(t, fake.holder())
		unlock()
		<-time.After(time.Minute)
		assert.Equal(t, 1, fake.count("unlock"), "a second time: nothing")
		assert.Zero(t, fake.count("extend"))
	})
}

func TestLeaseIsExtendedForTwoMinutesAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		unlock, err := linkitredis.New(client).Lock(t.Context(), "k")
		require.NoError(t, err)
		holder := fake.holder()
		for range 119 {
			<-time.After(time.Second)
			require.Equal(t, holder, fake.holder())
		}
		<-time.After(11 * time.Second)
		assert.Empty(t, fake.holder(), "a sign-in takes a minute at most")
		assert.InDelta(t, 36, fake.count("extend"), 1, "three to a lease")
		unlock()
	})
}

func TestWaitForALockAsksNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		store := linkitredis.New(client)
		unlock, err := store.Lock(t.Context(), "k")
		require.NoError(t, err)
		time.AfterFunc(10*time.Second, unlock)
		began := time.Now()
		unlock, err = store.Lock(t.Context(), "k")
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), 10*time.Second)
		assert.LessOrEqual(t, time.Since(began), 10150*time.Millisecond)
		asks := fake.count("ask") - 1
		assert.GreaterOrEqual(t, asks, 66)
		assert.LessOrEqual(t, asks, 201)
		assert.Equal(t, 2, fake.count("take"), "a lock that another has isn't tried for")
		unlock()
	})
}

func TestLockThatIsGivenBackWhileRedisFailsIsNotExtended(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		unlock, err := linkitredis.New(client, linkitredis.WithLogger(nil)).Lock(t.Context(), "k")
		require.NoError(t, err)
		fake.set(0, errors.New("LOADING"))
		unlock()
		<-time.After(2 * time.Second)
		fake.set(0, nil)
		<-time.After(time.Second)
		assert.Empty(t, fake.holder(), "given back before its lease is over")
		<-time.After(time.Minute)
		assert.Zero(t, fake.count("extend"))
		assert.LessOrEqual(t, fake.count("unlock"), 5)
	})
}

func TestUnlockWaitsForASecondAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		store := linkitredis.New(client, linkitredis.WithLogger(nil))
		first, err := store.Lock(t.Context(), "k")
		require.NoError(t, err)
		second, err := store.Lock(t.Context(), "other")
		require.NoError(t, err)
		fake.set(time.Minute, nil)
		began := time.Now()
		first()
		assert.Equal(t, time.Second, time.Since(began))
		second()
		assert.Equal(t, time.Second, time.Since(began), "and not at all while Redis fails")
		<-time.After(10 * time.Minute) // until the commands have ended
	})
}

func TestLockThatCameTooLateIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		fake.set(700*time.Millisecond, nil) // to ask and to take is more than a second
		store := linkitredis.New(client, linkitredis.WithLogger(nil))
		began := time.Now()
		_, err := store.Lock(t.Context(), "k")
		require.ErrorContains(t, err, "linkitredis: lock: no response within 1s")
		assert.Equal(t, time.Second, time.Since(began))
		<-time.After(3 * time.Second)
		assert.Equal(t, 1, fake.count("take"))
		assert.Empty(t, fake.holder(), "nobody holds it")
		<-time.After(time.Minute)
	})
}

func TestLockThatTwoAskForAtOnceIsTakenByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		fake.set(10*time.Millisecond, nil)
		held := make(chan func(), 2)
		for range 2 {
			store := linkitredis.New(client)
			go func() {
				unlock, err := store.Lock(t.Context(), "k")
				assert.NoError(t, err)
				held <- unlock
			}()
		}
		first := <-held
		assert.Equal(t, 2, fake.count("ask"))
		<-time.After(5 * time.Second)
		assert.Empty(t, held)
		assert.Equal(t, 2, fake.count("take"), "both saw that it was free")
		first()
		(<-held)()
		<-time.After(time.Minute) // until the commands have ended
	})
}

func TestLockWhoseResponseIsLostIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		fake.lost = "take"
		_, err := linkitredis.New(client, linkitredis.WithLogger(nil)).Lock(t.Context(), "k")
		require.ErrorContains(t, err, "linkitredis: lock: ")
		<-time.After(2 * time.Second)
		assert.Empty(t, fake.holder(), "it would hold others up for its lease")
		assert.Equal(t, 1, fake.count("take"))
		<-time.After(time.Minute)
	})
}

func TestWaitThatEndsWhileItAsksForALockThatAnotherHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, client := newFakeRedis(t)
		var log syncBuffer
		store := linkitredis.New(client, withLog(&log))
		unlock, err := store.Lock(t.Context(), "k")
		require.NoError(t, err)
		holder := fake.holder()
		fake.set(300*time.Millisecond, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = store.Lock(ctx, "k")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		<-time.After(time.Second)
		assert.Equal(t, holder, fake.holder(), "there is nothing to give back")
		assert.Empty(t, log.String())
		unlock()
		<-time.After(time.Minute) // until the commands have ended
	})
}
