;; c = a b + bias, for the layers in vae.js; tools/wasm.py assembles it and writes the bytes there.
;; a is m x k, b is k x n, bias has n numbers, c is m x n: float32, row by row, at these addresses (in bytes).
;; m is a multiple of 4 and n of 8, because a tile of 4 x 8 results is summed up in eight registers of 4 numbers.
(module
  (import "env" "memory" (memory 1))
  (func (export "matmul")
    (param $a i32) (param $b i32) (param $bias i32) (param $c i32) (param $m i32) (param $k i32) (param $n i32)
    (local $row i32) (local $column i32) ;; the tile's first row and column, in results and in bytes
    (local $a_row i32) (local $b_row i32) ;; bytes in a row of a, and in a row of b and c
    (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32) (local $end i32) ;; in four rows of a
    (local $b0 i32) (local $c0 i32) ;; in b and c
    (local $x v128) (local $left v128) (local $right v128) ;; one number of a four times; eight numbers of b
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128) ;; the tile's left half
    (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128) ;; and its right half
    (local.set $a_row (i32.shl (local.get $k) (i32.const 2)))
    (local.set $b_row (i32.shl (local.get $n) (i32.const 2)))
    (loop $columns
      (local.set $row (i32.const 0))
      (local.set $a0 (local.get $a))
      (local.set $c0 (i32.add (local.get $c) (local.get $column)))
      (loop $rows
        ;; begin with the bias
        (local.set $x (v128.load (i32.add (local.get $bias) (local.get $column))))
        (local.set $l0 (local.get $x)) (local.set $l1 (local.get $x))
        (local.set $l2 (local.get $x)) (local.set $l3 (local.get $x))
        (local.set $x (v128.load offset=16 (i32.add (local.get $bias) (local.get $column))))
        (local.set $r0 (local.get $x)) (local.set $r1 (local.get $x))
        (local.set $r2 (local.get $x)) (local.set $r3 (local.get $x))
        (local.set $b0 (i32.add (local.get $b) (local.get $column)))
        (local.set $end (i32.add (local.get $a0) (local.get $a_row)))
        (local.set $a1 (local.get $end))
        (local.set $a2 (i32.add (local.get $a1) (local.get $a_row)))
        (local.set $a3 (i32.add (local.get $a2) (local.get $a_row)))
        ;; add a[row + 0..3, i] b[i, column..column + 8] for all i
        (loop $sum
          (local.set $left (v128.load (local.get $b0)))
          (local.set $right (v128.load offset=16 (local.get $b0)))
          (local.set $x (v128.load32_splat (local.get $a0)))
          (local.set $l0 (f32x4.add (local.get $l0) (f32x4.mul (local.get $x) (local.get $left))))
          (local.set $r0 (f32x4.add (local.get $r0) (f32x4.mul (local.get $x) (local.get $right))))
          (local.set $x (v128.load32_splat (local.get $a1)))
          (local.set $l1 (f32x4.add (local.get $l1) (f32x4.mul (local.get $x) (local.get $left))))
          (local.set $r1 (f32x4.add (local.get $r1) (f32x4.mul (local.get $x) (local.get $right))))
          (local.set $x (v128.load32_splat (local.get $a2)))
          (local.set $l2 (f32x4.add (local.get $l2) (f32x4.mul (local.get $x) (local.get $left))))
          (local.set $r2 (f32x4.add (local.get $r2) (f32x4.mul (local.get $x) (local.get $right))))
          (local.set $x (v128.load32_splat (local.get $a3)))
          (local.set $l3 (f32x4.add (local.get $l3) (f32x4.mul (local.get $x) (local.get $left))))
          (local.set $r3 (f32x4.add (local.get $r3) (f32x4.mul (local.get $x) (local.get $right))))
          (local.set $a0 (i32.add (local.get $a0) (i32.const 4)))
          (local.set $a1 (i32.add (local.get $a1) (i32.const 4)))
          (local.set $a2 (i32.add (local.get $a2) (i32.const 4)))
          (local.set $a3 (i32.add (local.get $a3) (i32.const 4)))
          (local.set $b0 (i32.add (local.get $b0) (local.get $b_row)))
          (br_if $sum (i32.lt_u (local.get $a0) (local.get $end))))
        (local.set $a0 (local.get $a3)) ;; the fourth row's end is the next tile's beginning
        (v128.store (local.get $c0) (local.get $l0))
        (v128.store offset=16 (local.get $c0) (local.get $r0))
        (local.set $c0 (i32.add (local.get $c0) (local.get $b_row)))
        (v128.store (local.get $c0) (local.get $l1))
        (v128.store offset=16 (local.get $c0) (local.get $r1))
        (local.set $c0 (i32.add (local.get $c0) (local.get $b_row)))
        (v128.store (local.get $c0) (local.get $l2))
        (v128.store offset=16 (local.get $c0) (local.get $r2))
        (local.set $c0 (i32.add (local.get $c0) (local.get $b_row)))
        (v128.store (local.get $c0) (local.get $l3))
        (v128.store offset=16 (local.get $c0) (local.get $r3))
        (local.set $c0 (i32.add (local.get $c0) (local.get $b_row)))
        (local.set $row (i32.add (local.get $row) (i32.const 4)))
        (br_if $rows (i32.lt_u (local.get $row) (local.get $m))))
      (local.set $column (i32.add (local.get $column) (i32.const 32)))
      (br_if $columns (i32.lt_u (local.get $column) (local.get $b_row))))))
