module coreos-infra/lab/relay

go 1.21
