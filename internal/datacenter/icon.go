package datacenter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image/png"

	"github.com/tariffd/tariffd/internal/actor"
	"github.com/tariffd/tariffd/internal/event"
	"github.com/tariffd/tariffd/internal/fault"
)

// The kinds of an icon.
const (
	IconNone  = "none"
	IconFlag  = "flag"
	IconImage = "image"
)

// MaxIcon is how many bytes a picture may have, and maxIconSide how many pixels either way: it is shown at 32 × 32.
const (
	MaxIcon     = 64 << 10
	maxIconSide = 512
)

// ErrNoIcon is the answer for a data center without a picture.
var ErrNoIcon = fault.Missing("picture")

// SetIcon gives a data center a picture, in place of what it had. Faults: not_found, precondition_failed, payload_too_large,
// bad_image.
func (e *Engine) SetIcon(ctx context.Context, by actor.Actor, id ID, ifVersion *int64, picture []byte) (DataCenter, error) {
	if err := checkPicture(picture); err != nil {
		return DataCenter{}, err
	}
	return event.Do(ctx, e.InTx, by, func(tx Tx) (DataCenter, error) { return setIcon(ctx, tx, by, id, ifVersion, picture) })
}

func setIcon(ctx context.Context, tx Tx, by actor.Actor, id ID, ifVersion *int64, picture []byte) (DataCenter, error) {
	d, err := lockDataCenter(ctx, tx, id, ifVersion)
	if err != nil {
		return DataCenter{}, err
	}
	hash := sha256.Sum256(picture)
	changed, err := tx.PutIcon(ctx, id, picture, hash[:])
	if err != nil || (!changed && d.IconKind == IconImage) {
		return d, err
	}
	d.IconKind, d.IconCountry = IconImage, ""
	if err = tx.UpdateDataCenter(ctx, d); err != nil {
		return DataCenter{}, err
	}
	d.Version++
	return d, d.record(ctx, tx, by, "data_center.updated")
}

// checkPicture looks at the picture's head: what is not a PNG is not stored, whatever it says it is.
func checkPicture(picture []byte) error {
	if len(picture) > MaxIcon {
		return fault.New(fault.TooLarge, "payload_too_large", "A picture has at most 64 KiB.")
	}
	head, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return fault.New(fault.Invalid, "bad_image", "The picture is not a PNG.").Because(err)
	}
	if head.Width > maxIconSide || head.Height > maxIconSide {
		return fault.New(fault.Invalid, "bad_image", "A picture has at most %d pixels either way.", maxIconSide)
	}
	return nil
}

// changeIcon applies a change of the icon. A picture is uploaded, and goes when something else takes its place.
func changeIcon(ctx context.Context, tx Tx, d *DataCenter, to Icon) error {
	if to.Kind == IconImage {
		if d.IconKind != IconImage {
			return fault.New(fault.Invalid, "bad_value", "A picture is uploaded: PUT it to the data center's icon.").At("/icon/kind")
		}
		d.IconCountry = to.Country
		return nil
	}
	had := d.IconKind == IconImage
	d.IconKind, d.IconCountry = to.Kind, to.Country
	if !had {
		return nil
	}
	return tx.DropIcon(ctx, d.ID)
}
