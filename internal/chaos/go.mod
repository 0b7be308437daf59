module github.com/linkit-go/linkit/internal/chaos

go 1.26.0

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/linkit-go/linkit v0.1.0
	github.com/linkit-go/linkit/internal/servers v0.0.0
	github.com/linkit-go/linkit/linkitredis v0.1.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/go-redsync/redsync/v4 v4.18.1 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/sony/gobreaker/v2 v2.4.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.41.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace (
	github.com/linkit-go/linkit => ../..
	github.com/linkit-go/linkit/internal/servers => ../servers
	github.com/linkit-go/linkit/linkitredis => ../../linkitredis
)
