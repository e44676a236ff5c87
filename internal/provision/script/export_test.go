package script

// AnswerAsMgrctl puts a program in the place of the test's own binary.
func AnswerAsMgrctl(path string) { executable = func() (string, error) { return path, nil } }
