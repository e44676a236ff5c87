-- +goose Up

-- A recomputation goes over past days first, then over the days that may still change: which pass its resume point is of.
ALTER TABLE recomputation ADD COLUMN recent boolean NOT NULL DEFAULT false;
