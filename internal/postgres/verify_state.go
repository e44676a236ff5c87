package postgres

import (
	"context"

	"github.com/tariffd/tariffd/internal/verify"
)

// A block is one row that names its server and its owner, so the sums by server and by owner are sums over the same rows:
// they part only where one of the two is no service of the client, or where a row is there twice.
const (
	brokenBlockServer = `
SELECT b.server_service_id AS id, format('%s blocks from %s on name it as their server, which is no started server of client %s.', b.n, b.first, b.client_id) AS detail
FROM (SELECT client_id, server_service_id, count(*) AS n, min(day) AS first FROM traffic_block GROUP BY client_id, server_service_id) AS b
LEFT JOIN service s ON s.id = b.server_service_id AND s.client_id = b.client_id
WHERE s.id IS NULL OR s.started_at IS NULL OR s.product_type = 'dedicated_bandwidth' ORDER BY b.server_service_id LIMIT $1`

	brokenBlockOwner = `
SELECT b.owner_service_id AS id, format('%s blocks from %s on name it as their owner, which is no started service of client %s.', b.n, b.first, b.client_id) AS detail
FROM (SELECT client_id, owner_service_id, count(*) AS n, min(day) AS first FROM traffic_block GROUP BY client_id, owner_service_id) AS b
LEFT JOIN service s ON s.id = b.owner_service_id AND s.client_id = b.client_id
WHERE s.id IS NULL OR s.started_at IS NULL ORDER BY b.owner_service_id LIMIT $1`

	blockTwice = `
SELECT server_service_id AS id, format('There are %s current blocks of %s.', count(*), day) AS detail
FROM traffic_block GROUP BY server_service_id, day HAVING count(*) > 1 ORDER BY server_service_id, day LIMIT $1`

	// Replaced values are the revisions 1 to n−1 of a block that stands at n. Blocks of a closed month may be gone.
	brokenRevisions = `
SELECT server_service_id AS id, CASE WHEN b.revision IS NULL THEN format('%s replaced values of %s have no current block.', r.n, day)
    ELSE format('The block of %s is revision %s; %s replaced values are kept, from %s to %s.', day, b.revision, coalesce(r.n, 0), coalesce(r.first::text, '-'), coalesce(r.last::text, '-')) END AS detail
FROM traffic_block b
FULL JOIN (SELECT client_id, server_service_id, day, count(*) AS n, min(revision) AS first, max(revision) AS last
           FROM block_revision GROUP BY client_id, server_service_id, day) AS r USING (client_id, server_service_id, day)
WHERE (b.revision IS NULL AND NOT EXISTS (
          SELECT FROM usage_month u WHERE u.client_id = r.client_id AND u.month = date_trunc('month', r.day)::date))
    OR b.revision <> coalesce(r.n, 0) + 1 OR (r.n > 0 AND (r.first <> 1 OR r.last <> r.n))
ORDER BY server_service_id, day LIMIT $1`
)

// BrokenBlocks looks at servers, owners and revisions of blocks (invariant 3).
func (s *Snapshot) BrokenBlocks(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(
		ctx, limit,
		comparison{3, "service", brokenBlockServer}, comparison{3, "service", brokenBlockOwner},
		comparison{3, "service", blockTwice}, comparison{3, "service", brokenRevisions},
	)
}

// The ownership rule has one answer only where ranges of one thing do not overlap. Ranges of no length count as nothing.
const (
	overlappingLinks = `
SELECT id, format('Server %s has another link from %s on, before this one ends.', server_service_id, next_from) AS detail
FROM (SELECT id, server_service_id, to_at, lead(from_at) OVER (PARTITION BY client_id, server_service_id ORDER BY from_at, to_at) AS next_from
      FROM traffic_link WHERE superseded_at IS NULL AND to_at IS DISTINCT FROM from_at) AS l
WHERE next_from < coalesce(to_at, 'infinity') ORDER BY id LIMIT $1`

	overlappingActivity = `
SELECT service_id AS id, format('It was active from %s on, and again from %s before that ended.', from_at, next_from) AS detail
FROM (SELECT service_id, from_at, to_at, lead(from_at) OVER (PARTITION BY client_id, service_id ORDER BY from_at) AS next_from
      FROM service_activity WHERE to_at IS DISTINCT FROM from_at) AS a
WHERE next_from < coalesce(to_at, 'infinity') ORDER BY service_id LIMIT $1`

	brokenActivity = `
SELECT s.id, format('It is %s, but by its history it is %s.', s.status, CASE WHEN a.service_id IS NULL THEN 'not active' ELSE 'active' END) AS detail
FROM service s LEFT JOIN service_activity a ON a.client_id = s.client_id AND a.service_id = s.id AND a.to_at IS NULL
WHERE (s.status = 'active') <> (a.service_id IS NOT NULL) ORDER BY s.id LIMIT $1`
)

// BrokenHistories looks at the histories that the ownership rule goes by (invariant 4).
func (s *Snapshot) BrokenHistories(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(
		ctx, limit,
		comparison{4, "link", overlappingLinks}, comparison{4, "service", overlappingActivity}, comparison{4, "service", brokenActivity},
	)
}

const (
	stuckProcessing = `
SELECT s.id, 'It is processing, but nothing is making it.' AS detail
FROM service s
WHERE s.status = 'processing' AND NOT EXISTS (
    SELECT FROM operation o WHERE o.service_id = s.id AND o.kind = 'open' AND o.status IN ('queued', 'running', 'waiting', 'manual'))
ORDER BY s.id LIMIT $1`

	stuckOrdered = `
SELECT s.id, format('It is ordered, but its order is %s.', o.status) AS detail
FROM service s JOIN client_order o ON o.id = s.order_id
WHERE s.status = 'ordered' AND o.status <> 'awaiting_payment' ORDER BY s.id LIMIT $1`

	stuckOperation = `
SELECT id, format('It is %s, but will never come up.', status) AS detail
FROM operation WHERE status IN ('queued', 'running', 'waiting') AND next_attempt_at IS NULL ORDER BY id LIMIT $1`

	manualWithoutTask = `
SELECT o.id, CASE WHEN t.id IS NULL THEN 'It waits for people, but has no task.'
                  ELSE format('It waits for people, but its task %s is closed.', t.id) END AS detail
FROM operation o LEFT JOIN task t ON t.id = o.task_id
WHERE o.status = 'manual' AND (t.id IS NULL OR t.status = 'closed') ORDER BY o.id LIMIT $1`

	taskWithoutOperation = `
SELECT t.id, format('It is %s, but its operation has %s.', t.status, CASE o.status WHEN 'cancelled' THEN 'been cancelled' ELSE o.status END) AS detail
FROM task t JOIN operation o ON o.id = t.operation_id
WHERE t.status <> 'closed' AND o.status IN ('succeeded', 'failed', 'cancelled') ORDER BY t.id LIMIT $1`

	brokenOrder = `
SELECT o.id, format('It is %s, and %s of its services are being made.', o.status, count(s.id)) AS detail
FROM client_order o LEFT JOIN service s ON s.order_id = o.id AND s.status = 'processing'
GROUP BY o.id HAVING (o.status = 'paid') <> (count(s.id) > 0) ORDER BY o.id LIMIT $1`
)

// BrokenTransitions looks for what is on its way without anything that carries it on (invariant 6).
func (s *Snapshot) BrokenTransitions(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(
		ctx, limit,
		comparison{6, "service", stuckProcessing}, comparison{6, "service", stuckOrdered}, comparison{6, "operation", stuckOperation},
		comparison{6, "operation", manualWithoutTask}, comparison{6, "task", taskWithoutOperation}, comparison{6, "order", brokenOrder},
	)
}

const sharedObject = `
SELECT module_id AS id, format('The object %s of this module belongs to %s live services: %s.', external_id, count(*), string_agg(id::text, ', ' ORDER BY id)) AS detail
FROM service
WHERE status IN ('processing', 'active', 'suspended') AND module_id IS NOT NULL AND external_id <> ''
GROUP BY module_id, external_id HAVING count(*) > 1 ORDER BY module_id, external_id LIMIT $1`

// BrokenObjects looks for remote objects that several live services call theirs (invariant 8). What stands in a panel without
// a service is not seen from here.
func (s *Snapshot) BrokenObjects(ctx context.Context, limit int) ([]verify.Finding, error) {
	return s.broken(ctx, limit, comparison{8, "module", sharedObject})
}
