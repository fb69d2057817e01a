module example.com/lumen-orchard/tidemark

go 1.23
