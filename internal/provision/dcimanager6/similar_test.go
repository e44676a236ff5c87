package dcimanager6

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAConfigurationsNameIsRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]build{
		"E3-1230-16GB":                 {[]string{"e3", "1230"}, 16, 0, ""},
		"i9-9900K-64Gb-2x1024NVMe":     {[]string{"i9", "9900k"}, 64, 2048, "nvme"},
		"2xE5-2620v4 / 128G / 4x4TB":   {[]string{"2xe5", "2620v4"}, 128, 16384, ""},
		"EPYC 7402P 256GB 2x480GB SSD": {[]string{"epyc", "7402p"}, 256, 960, "ssd"},
		"Small":                        {[]string{"small"}, 0, 0, ""},
		"":                             {},
	} {
		require.Equal(t, want, buildOf(name), name)
	}
}

func TestTheMostSimilarConfiguration(t *testing.T) {
	t.Parallel()
	most := func(wanted string, all ...string) string {
		best := all[0]
		for _, name := range all[1:] {
			if likenessOf(wanted, name).above(likenessOf(wanted, best)) {
				best = name
			}
		}
		return best
	}
	require.Equal(t, "E3-1270-32GB", most("E3-1270-16GB", "E3-1230-16GB", "i7-6700-16GB", "E3-1270-32GB"), "the processor counts most")
	require.Equal(t, "E3-1270-16GB", most("E3-1230-16GB", "E3-1270-64GB", "E3-1270-16GB"), "then the memory")
	require.Equal(t, "E3-1230-32GB", most("E3-1230-16GB", "E3-1230-8GB", "E3-1230-32GB"), "of two as near the one that has enough")
	require.Equal(t, "E3-1230-16GB-2x480SSD", most("E3-1230-16GB-2x512SSD", "E3-1230-16GB-1x480SSD", "E3-1230-16GB-2x480SSD", "E3-1230-16GB-2x480HDD"))
	require.Equal(t, "Storage M", most("Storage L", "Compute L", "Storage M"), "names that tell nothing go by what they have in common")
	require.Equal(t, "85 of 100 points: the same processor, memory 64 GB instead of 128 GB", likenessOf("i9-9900K-128GB", "i9-9900K-64GB").String())
	require.Equal(t, 100, likenessOf("E3-1230-16GB", "e3 1230 16gb").points)
}
