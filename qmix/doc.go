// Package qmix will hold QMIX: utilities of each LB factored over servers,
// mixed monotonically by package hypernet, with double Q-learning and
// TD(lambda) (DESIGN.md, section 6). It is empty so far: tables print a dash
// in its rows.
package qmix
