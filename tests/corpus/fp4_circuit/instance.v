4module leaf(input [5:0] x, output q);
 assign q = dm | x ;
 leaf one({p, 1'h1}+ u);
endmodule
