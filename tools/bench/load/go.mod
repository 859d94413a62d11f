module slipway.invalid/load

go 1.21
