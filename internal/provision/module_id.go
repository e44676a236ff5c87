package provision

// ModuleID is the id of a processing module: of the record that says how to reach a panel and what it makes.
type ModuleID string
