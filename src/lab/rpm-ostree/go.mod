module coreos-infra/lab-os

go 1.21
