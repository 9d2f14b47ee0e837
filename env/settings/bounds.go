package settings

// bounds are the numbers that a field may be, as a JSON schema says it.
type bounds struct {
	Minimum          *float64 `json:"minimum,omitempty"`
	Maximum          *float64 `json:"maximum,omitempty"`
	ExclusiveMinimum *float64 `json:"exclusiveMinimum,omitempty"`
	ExclusiveMaximum *float64 `json:"exclusiveMaximum,omitempty"`
}

// limit adds other bounds, which replace those of the same kind.
func (b *bounds) limit(other bounds) {
	for _, one := range []struct{ dst, src **float64 }{
		{&b.Minimum, &other.Minimum}, {&b.Maximum, &other.Maximum},
		{&b.ExclusiveMinimum, &other.ExclusiveMinimum}, {&b.ExclusiveMaximum, &other.ExclusiveMaximum},
	} {
		if *one.src != nil {
			*one.dst = *one.src
		}
	}
}
