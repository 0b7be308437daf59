package linkit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// A ping needs no credential. It tells how far this clock is from the server's.
func ExampleSystemService_Ping() {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetClockSkew(2 * time.Hour)
	ping, err := server.Client(linkit.WithoutCredentials()).System.Ping(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ping.Message, time.Until(ping.Timestamp.Time).Round(time.Hour))
	// Output: pong 2h0m0s
}

// A service that says that it is unhealthy has responded: that is no error.
func ExampleSystemService_Health() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithoutCredentials())
	for _, status := range []linkit.HealthStatus{linkit.HealthStatusHealthy, linkit.HealthStatusUnhealthy} {
		server.SetHealth(status)
		health, err := client.System.Health(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(health.Status)
	}
	// Output:
	// healthy
	// unhealthy
}

func ExampleSystemService_SystemHealth() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddIntegrations(linkit.Integration{Slug: "pos", Name: "Point of sale", Enabled: true})
	health, err := server.Client().System.SystemHealth(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	inside := health.SystemHealth
	fmt.Println(health.Status, inside.Started, inside.ActiveApps, "of", inside.TotalApps)
	// Output: healthy true 1 of 1
}

func ExampleSystemService_Telemetry() {
	server := pharmacy()
	defer server.Close()
	telemetry, err := server.Client().System.Telemetry(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	store := telemetry.Store
	fmt.Println(store.Products, store.Branches, store.SKUs, telemetry.Staging.Pending)
	// Output: 3 2 6 0
}
