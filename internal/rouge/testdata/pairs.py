# Makes texts.json, and pairs.txt with the pairs that rouge_score 0.1.2 has above 0.7:
#   python pairs.py texts.json pairs.txt
# Many texts nearly repeat others, and for many lengths there are pairs of exactly 0.7. After
# these texts come instructions that a model has written (alpaca self-instruct -n 700
# --max-output-tokens 16 --rouge-max 0.97 --seed 5); they are kept as texts.json has them.
import json,sys,time,random
from rouge_score import tokenize
import rouge_score.rouge_scorer as rs
random.seed(5)
verbs="write describe list explain translate summarize name compare classify rewrite give find".split()
nouns="story poem city animal recipe law planet sentence number friend letter game music tree".split()
ends=["in simple words","for a child","about the sea and the wind","with three examples","as briefly as you can","","so that a friend of mine understands it at once, please","(résumé, naïve \u212Aelvin \u0130stanbul)"]
T=[]
for i in range(330):
    r=random.random()
    if i>20 and r<.35:
        w=random.choice(T).split()
        for _ in range(random.randint(1,3)):
            k=random.randrange(len(w)); 
            if random.random()<.5: w[k]=random.choice(nouns)
            elif len(w)>2: del w[k]
        T.append(" ".join(w)); continue
    t=f"{random.choice(verbs).capitalize()} a {random.choice(nouns)} of the {random.choice(nouns)} {random.choice(ends)}.".replace(" .",".")
    if i%30==0: t=" ".join([t]*random.randint(5,14))
    T.append(t)
# pairs of exactly 0.7 and its neighbours, at many lengths: m+n=20k, lcs=7k
for k in range(1,9):
    tot=20*k
    for m in range(7*k, tot-7*k+1, max(1,k)):
        n=tot-m; l=7*k
        a=[f"w{k}x{i}" for i in range(l)]
        A=" ".join(a+[f"a{k}y{m}z{i}" for i in range(m-l)]); B=" ".join([f"b{k}y{m}z{i}" for i in range(n-l)]+a)
        T += [A,B]
T+=["","...","你好世界","Привет мир"]
T+=json.load(open(sys.argv[1]))[len(T):]
print(len(T),file=sys.stderr)
tok=[tokenize.tokenize(t,None) for t in T]
out=open(sys.argv[2],'w')
t0=time.process_time(); n=0
for i in range(len(T)):
    for j in range(i):
        f=rs._score_lcs(tok[j],tok[i]).fmeasure; n+=1
        if f>0.7: out.write(f"{j} {i} {f!r}\n")
print(n,"pairs",n/(time.process_time()-t0),"pairs/s",file=sys.stderr)
json.dump(T,open(sys.argv[1],'w'),ensure_ascii=False,indent=0)
