package item_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tariffd/tariffd/internal/provision/dcimanager5/internal/item"
)

func TestCodesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	require.Equal(t, item.Plain("ispmanager_lite"), item.Plain("ISPmanager Lite"))
	require.NotEqual(t, item.Plain("ispmanager_lite"), item.Plain("ispmanager_pro"))
	for code, none := range map[string]bool{"": true, "None": true, "off": true, "N-O": true, "nothing else": false, "ispmanager_lite": false} {
		require.Equal(t, none, item.None(code), code)
	}
}
